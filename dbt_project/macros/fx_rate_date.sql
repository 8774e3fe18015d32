{#- The day the rate is of. -#}
{% macro fx_rate_date(relation, date_column) -%}
    case when {{ relation }}.billing_currency = settings.reporting_currency then {{ relation }}.{{ date_column }} end
{%- endmacro %}
