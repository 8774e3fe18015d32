{#- A decimal quantity in billionths, cut off. -#}
{% macro billionths(quantity) -%}
    cast(floor(cast({{ quantity }} as decimal(38, 18)) * cast(1000000000 as decimal(10, 0))) as bigint)
{%- endmacro %}
