{#- The parts and residuals of the four costs, as every split gives them. -#}
{% macro part_measures() %}
    {%- set columns = [] -%}
    {%- for measure in cost_measures() -%}
        {%- do columns.extend([measure ~ '_residual', 'allocated_' ~ measure]) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}
