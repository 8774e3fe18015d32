{#- The rows of a landed table of bills that a run maps: of the files of those months alone, where these have the columns
    that all files of the table have together (int_delivered_months), else of all files. After years, looking into the
    others costs more than reading these. `kept_in` names a table that keeps deliveries of these rows by itself
    (materialize_kept_deliveries.sql): where it has none to keep, it needs those of all files. -#}
{% macro landed_to_map(relation, kept_in=none) %}
    {%- set months = months_to_map() -%}
    {%- if kept_in and execute -%}
        {%- set keeping = api.Relation.create(database=target.database, schema=target.schema, identifier=kept_in) -%}
        {%- set months = months if deliveries_kept_in(keeping) else none -%}
    {%- endif -%}
    {%- if months and not relation.identifier.startswith('__dbt__cte__') -%}
        {%- set files = landed_files(relation.identifier, of_months=months) -%}
        {%- set rows = adapter.dispatch('read_landed_files')(files) -%}
        {%- set noted -%}
            select count(*) from {{ adapter.get_relation(target.database, target.schema, 'int_delivered_months') }}
            where list_contains(shapes, {{ text_literal(relation.identifier ~ ' ' ~ shape_of_landed(rows)) }})
        {%- endset -%}
        {%- if run_query(noted).rows[0][0] -%}
            {{- return(rows) -}}
        {%- endif -%}
    {%- endif -%}
    {{- return(landed(relation)) -}}
{% endmacro %}
