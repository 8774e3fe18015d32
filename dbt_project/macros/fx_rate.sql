{#- Reporting currency for one unit of billing currency on a day; null without a rate. -#}
{% macro fx_rate(relation, date_column) -%}
    case
        when {{ relation }}.billing_currency = settings.reporting_currency then cast(1 as {{ money_type() }})
        else cast(({{ fx_entry(relation, date_column) }}).rate as {{ money_type() }})
    end
{%- endmacro %}
