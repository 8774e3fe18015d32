{#- {column name in lower case: {name, type}} of the rows of a landed table (landed, landed_to_map) as its files have them.
    Legacy CUR and CSV deliveries carry columns (tags, products) that no fixed list can name. Empty at parse time. -#}
{% macro landed_columns(rows) %}
    {%- set columns = {} -%}
    {%- if execute -%}
        {%- for row in run_query('describe select * from ' ~ rows).rows -%}
            {%- do columns.update({row[0] | lower: {'name': row[0], 'type': row[1]}}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(columns) -}}
{% endmacro %}
