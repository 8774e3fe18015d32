{#- The first instant of a billing period 'YYYY-MM', and the first instant after it. -#}
{% macro period_start(billing_period) -%}
cast({{ billing_period }} || '-01' as timestamp)
{%- endmacro %}

{% macro period_end(billing_period) -%}
cast({{ billing_period }} || '-01' as timestamp) + interval 1 month
{%- endmacro %}
