{#- A digest of the columns that each landed table of bills has by now, by its name; empty while dbt parses. -#}
{% macro shapes_of_landed_tables(deliveries) %}
    {%- set shapes = {} -%}
    {%- if not execute -%}
        {{- return(shapes) -}}
    {%- endif -%}
    {%- set tables = 'select distinct table_name from ' ~ deliveries ~ " where provider <> 'usage' order by table_name" -%}
    {%- for row in run_query(tables).rows -%}
        {%- set rows = adapter.dispatch('read_landed_files')(landed_files(row[0])) -%}
        {%- do shapes.update({row[0]: shape_of_landed(rows)}) -%}
    {%- endfor -%}
    {{- return(shapes) -}}
{% endmacro %}


{#- A digest of the columns that some rows of a landed table have. -#}
{% macro shape_of_landed(rows) %}
    {%- set columns = [] -%}
    {%- for column in landed_columns(rows).values() -%}
        {%- do columns.append(column.name ~ ' ' ~ column.type) -%}
    {%- endfor -%}
    {{- return(local_md5(columns | join(','))) -}}
{% endmacro %}
