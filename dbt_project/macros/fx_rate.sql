{#- Reporting currency for one unit of billing currency. -#}
{% macro fx_rate(relation) -%}
    case when {{ relation }}.billing_currency = settings.reporting_currency then cast(1 as {{ money_type() }}) end
{%- endmacro %}
