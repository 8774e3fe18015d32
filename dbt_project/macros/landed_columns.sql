{#- {column name in lower case: {name, type}} of one landed table as its live files have it. Legacy CUR and CSV
    deliveries carry columns (tags, products) that no fixed list can name. Empty at parse time. -#}
{% macro landed_columns(relation) %}
    {%- set columns = {} -%}
    {%- if execute -%}
        {%- for row in run_query('describe select * from ' ~ landed(relation)).rows -%}
            {%- do columns.update({row[0] | lower: {'name': row[0], 'type': row[1]}}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(columns) -}}
{% endmacro %}
