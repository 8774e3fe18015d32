{#- An amount in the reporting currency; null without a rate. -#}
{% macro in_reporting_currency(relation, amount) -%}
    case when {{ relation }}.billing_currency = settings.reporting_currency then {{ relation }}.{{ amount }} end
{%- endmacro %}
