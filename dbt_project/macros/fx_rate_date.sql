{#- The day the rate is of. -#}
{% macro fx_rate_date(relation, date_column) -%}
    case
        when {{ relation }}.billing_currency = settings.reporting_currency then {{ relation }}.{{ date_column }}
        else ({{ fx_entry(relation, date_column) }}).rate_date
    end
{%- endmacro %}
