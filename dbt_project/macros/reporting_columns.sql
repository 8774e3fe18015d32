{#- Money in the currency that reports are read in. Marts keep the billing currency and add these columns; sums never
    mix currencies. The company's rate table comes in here, and nowhere else. Without a
    rate the amounts are null, never a guess.

    Gives the columns `reporting_currency, fx_rate, fx_rate_date, <amount>_reporting ...` of a relation that has
    billing_currency, a date and the amounts. Join `reporting_settings()` as `settings`. -#}
{% macro reporting_columns(relation, amounts, date_column) %}
    settings.reporting_currency,
    {{ fx_rate(relation, date_column) }} as fx_rate,
    {{ fx_rate_date(relation, date_column) }} as fx_rate_date,
    {%- for amount in amounts %}
    {{ in_reporting_currency(relation, amount, date_column) }} as {{ amount }}_reporting{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}
