{#- Claims that list and contracted cost are their unit price times the priced quantity, where all three are known.
    Prices are delivered rounded, so a difference counts above a hundredth of a cent and a thousandth of the cost. Compared
    as floating point: no money is made here. Returns the offending charges. -#}
{% test prices_times_quantity_are_costs(model) %}

with priced_charges as (

    select
        charge_id,
        source_name,
        list_cost,
        contracted_cost,
        abs(cast(list_cost as double) - cast(list_unit_price as double) * cast(pricing_quantity as double))
            as list_difference,
        abs(cast(contracted_cost as double) - cast(contracted_unit_price as double) * cast(pricing_quantity as double))
            as contracted_difference
    from {{ model }}
    where
        charge_category in ('Usage', 'Purchase')
        and charge_class is null
        and pricing_quantity <> 0
        and billing_currency = coalesce(pricing_currency, billing_currency)

)

select *
from priced_charges
where
    list_difference > greatest(0.0001, 0.001 * abs(list_cost))
    or contracted_difference > greatest(0.0001, 0.001 * abs(contracted_cost))

{% endtest %}
