{#- An amount in the reporting currency at the rate of a day; null without a rate. Amount and rate are cut to 12 decimals
    before they are multiplied, because the product of two wider decimals does not fit: an amount of 10^9 at a rate of 10^5
    does. An amount that is in the reporting currency already is not touched. The product is narrower than money, so that
    the result has the type of the amount: raw totals have more decimals than money. -#}
{% macro in_reporting_currency(relation, amount, date_column) -%}
    case
        when {{ relation }}.billing_currency = settings.reporting_currency then {{ relation }}.{{ amount }}
        else cast(
            cast({{ relation }}.{{ amount }} as decimal(38, 12))
            * cast(({{ fx_entry(relation, date_column) }}).rate as decimal(38, 12))
            as decimal(32, 18)
        )
    end
{%- endmacro %}
