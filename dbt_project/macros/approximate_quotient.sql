{#- Price / block size as a decimal, through DOUBLE like approximate_product and for unit prices only. -#}
{% macro approximate_quotient(price, divisor) -%}
{{ return(adapter.dispatch('approximate_quotient')(price, divisor)) }}
{%- endmacro %}

{% macro default__approximate_quotient(price, divisor) -%}
{{ money('cast(' ~ price ~ ' as double) / cast(' ~ divisor ~ ' as double)') }}
{%- endmacro %}
