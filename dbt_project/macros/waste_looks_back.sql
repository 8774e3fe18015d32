{#- How many months before its own a month's waste looks at: a machine may have been stopped for long. -#}
{% macro waste_looks_back() -%}
    {{- return(12) -}}
{%- endmacro %}
