{#- Millionths as the decimal they stand for. -#}
{% macro from_millionths(count) -%}
    cast({{ count }} as decimal(30, 0)) * cast(0.000001 as decimal(6, 6))
{%- endmacro %}
