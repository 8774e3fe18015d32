{#- The rows of a landed table of bills that a run maps: of the files of those months alone, where these have the columns
    that all files of the table have together (int_delivered_months), else of all files. After years, looking into the
    others costs more than reading these. -#}
{% macro landed_to_map(relation) %}
    {%- set months = months_to_map() -%}
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
