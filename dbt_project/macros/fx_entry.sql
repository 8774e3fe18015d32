{#- The rate of a row's billing currency on a day, as {rate, rate_date, source}; null where the company's file has none. -#}
{% macro fx_entry(relation, date_column) -%}
{{ return(adapter.dispatch('fx_entry')(relation, date_column)) }}
{%- endmacro %}

{% macro default__fx_entry(relation, date_column) -%}
case
    when {{ relation }}.{{ date_column }} >= settings.fx_first_day
        then settings.fx_rates[{{ relation }}.billing_currency][
            date_diff('day', settings.fx_first_day, {{ relation }}.{{ date_column }}) + 1
        ]
end
{%- endmacro %}
