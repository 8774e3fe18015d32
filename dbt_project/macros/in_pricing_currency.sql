{#- A price or cost in the pricing currency: as delivered, else the one in the billing currency where both are the same.
    Where they differ and nobody says the amount, it is unknown; nothing is nothing in every currency. -#}
{% macro in_pricing_currency(charges, amount) -%}
    coalesce(
        {{ charges }}.pricing_currency_{{ amount }},
        case
            when {{ charges }}.pricing_currency is null
                or {{ charges }}.pricing_currency = {{ charges }}.billing_currency
                or {{ charges }}.{{ amount }} = 0
                then {{ charges }}.{{ amount }}
        end
    )
{%- endmacro %}
