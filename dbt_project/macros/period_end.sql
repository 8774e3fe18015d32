{#- The first instant after a billing period 'YYYY-MM': periods are half open. -#}
{% macro period_end(billing_period) -%}
cast({{ billing_period }} || '-01' as timestamp) + interval 1 month
{%- endmacro %}
