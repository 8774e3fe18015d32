{#- The rows of one landed table: exactly the parts of its live deliveries, as the ledger lists them, never a folder
    listing. The zero-row `_declared_columns.parquet` goes first, so that every model builds with any mix of sources.
    Tables that the pipeline itself writes (the ledger, the rule tables) are one file each. `kept_in`: the table of which
    the rows that it may keep are left out (materialize_kept_deliveries.sql).

    At parse time nothing is read: the macro must not depend on FINOPS_HOME there, or every run would parse anew. -#}
{% macro landed(relation, kept_in=none) %}
    {%- if not execute or relation.identifier.startswith('__dbt__cte__') -%}
        {{- return(relation) -}}
    {%- endif -%}
    {%- set kept = none if kept_in is none else deliveries_kept_in(kept_in) -%}
    {{- return(adapter.dispatch('read_landed_files')(landed_files(relation.identifier, kept))) -}}
{% endmacro %}

{% macro default__read_landed_files(files) %}
    {%- set text_files = {} -%}
    {%- set declared_maps -%}
        select lower(name) from parquet_schema({{ path_list(files[:1]) }}) where converted_type = 'MAP' order by 1
    {%- endset -%}
    {%- set maps = run_query(declared_maps).columns[0].values() | list if files | length > 1 else [] -%}
    {%- if maps -%}
        {#- A MAP of a Parquet delivery is JSON text in a CSV one; the two types do not unify by themselves. -#}
        {%- set text_for_map -%}
            select file_name, name from parquet_schema({{ path_list(files[1:]) }})
            where type = 'BYTE_ARRAY' and lower(name) in {{ text_list(maps) }}
            order by 1, 2
        {%- endset -%}
        {%- for row in run_query(text_for_map).rows -%}
            {%- do text_files.update({row[0]: text_files.get(row[0], []) + [row[1]]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set native_files = files | reject('in', text_files) | list -%}
    {%- if not text_files -%}
        {{- return('read_parquet(' ~ path_list(native_files) ~ ', union_by_name = true, hive_partitioning = false)') -}}
    {%- endif -%}
    {%- set map_columns = [] -%}
    {%- for columns in text_files.values() -%}
        {%- for column in columns if column not in map_columns -%}
            {%- do map_columns.append(column) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set read -%}
        (
            select * from read_parquet({{ path_list(native_files) }}, union_by_name = true, hive_partitioning = false)
            union all by name
            select * replace (
                {%- for column in map_columns %}
                {{ text_to_map(adapter.quote(column)) }} as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
            from read_parquet({{ path_list(text_files | list) }}, union_by_name = true, hive_partitioning = false)
        )
    {%- endset -%}
    {{- return(read) -}}
{% endmacro %}
