{#- A decimal quantity in millionths, rounded half away from zero: the quantum of GPU-hours. -#}
{% macro millionths(quantity) -%}
    cast(cast({{ quantity }} as decimal(24, 6)) * cast(1000000 as decimal(7, 0)) as bigint)
{%- endmacro %}
