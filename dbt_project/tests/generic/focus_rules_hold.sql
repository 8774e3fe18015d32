{#- Claims the rules of FOCUS Cost and Usage, columns in snake_case: those that hold whatever a provider delivered,
    because the `mapping` decides them, and those that a provider's odd line (`delivery`) can break as well; both by default.
    Returns each offending charge with the rule it breaks. -#}
{% test focus_rules_hold(model, decided_by=none) %}

{%- set of_mapping = {
    'tax has no price, quantity or SKU': "charge_category = 'Tax' and (
        list_unit_price is not null or contracted_unit_price is not null or pricing_quantity is not null
        or pricing_unit is not null or pricing_category is not null or sku_id is not null or sku_price_id is not null)",
    'a unit stands with its quantity': "(pricing_unit is null) <> (pricing_quantity is null)
        or (consumed_unit is null) <> (consumed_quantity is null)
        or (commitment_discount_unit is null) <> (commitment_discount_quantity is null)",
    'only usage that is not unused consumes': "consumed_quantity is not null
        and (charge_category <> 'Usage' or coalesce(commitment_discount_status, '') = 'Unused')",
    'usage and purchases have a pricing category': "charge_category in ('Usage', 'Purchase')
        and pricing_category is null",
    'a purchase is not committed and not usage-based': "charge_category = 'Purchase'
        and (pricing_category = 'Committed' or charge_frequency = 'Usage-Based')",
    'a commitment status stands on commitment usage': "(commitment_discount_status is not null)
        <> (commitment_discount_id is not null and charge_category = 'Usage' and charge_class is null)
        and charge_class is null and pricing_category = 'Committed'",
    'a credit costs what it is billed': "charge_category = 'Credit' and billed_cost <> effective_cost",
    'unit prices are not negative': "list_unit_price < 0 or contracted_unit_price < 0",
    'region id and name stand together': "(region_id is null) <> (region_name is null)",
    'an account name stands with its id': "sub_account_id is null and sub_account_name is not null",
    'a resource has a type': "resource_id is not null and resource_type is null",
    'a billing period ends after it starts': "billing_period_end <= billing_period_start",
} %}

{%- set of_delivery = {
    'usage and purchases have a priced quantity': "charge_category in ('Usage', 'Purchase') and charge_class is null
        and (pricing_quantity is null or pricing_unit is null)",
    'usage at a price consumes a quantity': "charge_category = 'Usage' and charge_class is null
        and charge_frequency = 'Usage-Based' and charge_origin = 'delivered' and pricing_quantity > 0 and list_cost <> 0
        and coalesce(commitment_discount_status, '') <> 'Unused' and consumed_quantity is null",
    'a commitment is known by its id': "commitment_discount_id is null and (commitment_discount_category is not null
        or commitment_discount_type is not null or commitment_discount_status is not null)",
    'unused commitments are for nobody': "commitment_discount_status = 'Unused'
        and (consumed_quantity is not null or billed_cost <> 0)",
    'what a commitment covers is paid with its fee': "pricing_category = 'Committed' and charge_category = 'Usage'
        and provider in ('aws', 'azure') and billed_cost <> 0",
    'a capacity reservation is known by its id': "capacity_reservation_id is null
        and capacity_reservation_status is not null",
    'a charge period does not end before it starts': "charge_period_end < charge_period_start",
    'a currency is three capital letters': "not regexp_matches(billing_currency, '^[A-Z]{3}$')",
} %}

{%- set rules = {'mapping': of_mapping, 'delivery': of_delivery}.get(decided_by, dict(of_mapping, **of_delivery)) %}

with charges as (

    select * from {{ model }}

)

{% for claim, is_broken in rules.items() %}
select
    '{{ claim }}' as broken_rule,
    charge_id
from charges
where {{ is_broken }}
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
