{#- A digest of the columns that each landed table of bills has by now, by its name; empty while dbt parses. -#}
{% macro shapes_of_landed_tables(deliveries) %}
    {%- set shapes = {} -%}
    {%- if not execute -%}
        {{- return(shapes) -}}
    {%- endif -%}
    {%- set tables = 'select distinct table_name from ' ~ deliveries ~ " where provider <> 'usage' order by table_name" -%}
    {%- for row in run_query(tables).rows -%}
        {%- set read = adapter.dispatch('read_landed_files')(landed_files(row[0])) -%}
        {%- set columns = [] -%}
        {%- for column in run_query('describe select * from ' ~ read).rows -%}
            {%- do columns.append(column[0] ~ ' ' ~ column[1]) -%}
        {%- endfor -%}
        {%- do shapes.update({row[0]: local_md5(columns | join(','))}) -%}
    {%- endfor -%}
    {{- return(shapes) -}}
{% endmacro %}
