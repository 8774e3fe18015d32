{#- The first instant of a billing period 'YYYY-MM'. -#}
{% macro period_start(billing_period) -%}
cast({{ billing_period }} || '-01' as timestamp)
{%- endmacro %}
