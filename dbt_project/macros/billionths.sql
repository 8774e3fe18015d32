{#- A decimal quantity in billionths, rounded: a month's tokens in billionths are more than 64 bits hold. -#}
{% macro billionths(quantity) -%}
    cast(cast({{ quantity }} as decimal(38, 9)) * cast(1000000000 as decimal(10, 0)) as decimal(38, 0))
{%- endmacro %}
