-- Three independent sums of the same money, side by side: what the files say (summed while landing, before any SQL of
-- this project), what became charges, and what the ledger hands out.
with delivery_totals as (

    select * from {{ ref('stg_delivery_totals') }}

),

charges_by_day as (

    select * from {{ ref('int_charge_totals_by_day') }}

),

allocations as (

    select * from {{ ref('int_allocations_unioned') }}

),

-- the two Azure exports of a period that show different usage: only one of them became charges
unequal_pairs as (

    select * from {{ ref('int_azure__exports_paired') }}
    where is_unequal_pair

),

raw_totals as (

    select
        source_name,
        billing_period,
        billing_currency,
        cost_basis,
        sum(raw_cost) as raw_cost_at_scale,
        cast(sum(beyond_scale) as decimal(38, 24)) as rounding_difference
    from delivery_totals
    group by
        source_name,
        billing_period,
        billing_currency,
        cost_basis

),

charge_totals as (

    select
        source_name,
        billing_period,
        billing_currency,
        any_value(provider) as provider,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(amortization_difference) as amortization_difference
    from charges_by_day
    group by
        source_name,
        billing_period,
        billing_currency

),

normalized_totals as (
    {% for basis in ['billed', 'effective'] %}
    select
        source_name,
        billing_period,
        billing_currency,
        '{{ basis }}' as cost_basis,
        provider,
        {{ basis }}_cost as normalized_cost,
        {{ 'amortization_difference' if basis == 'effective' else '0 as amortization_difference' }}
    from charge_totals
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

allocation_totals as (

    select
        source_name,
        billing_period,
        billing_currency,
        sum(allocated_billed_cost) as billed_cost,
        sum(allocated_effective_cost) as effective_cost
    from allocations
    group by
        source_name,
        billing_period,
        billing_currency

),

allocated_totals as (
    {% for basis in ['billed', 'effective'] %}
    select
        source_name,
        billing_period,
        billing_currency,
        '{{ basis }}' as cost_basis,
        {{ basis }}_cost as allocated_cost
    from allocation_totals
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

keys as (

    select
        source_name,
        billing_period,
        billing_currency,
        cost_basis
    from raw_totals
    union
    select
        source_name,
        billing_period,
        billing_currency,
        cost_basis
    from normalized_totals
    union
    select
        source_name,
        billing_period,
        billing_currency,
        cost_basis
    from allocated_totals

),

compared as (

    select
        keys.source_name,
        keys.billing_period,
        keys.billing_currency,
        keys.cost_basis,
        -- Azure delivers the two bases apart: without its amortized delivery a period has no effective total to compare
        normalized_totals.provider = 'azure' and raw_totals.source_name is null as has_no_delivery_of_this_basis,
        coalesce(raw_totals.raw_cost_at_scale, 0) as raw_cost_at_scale,
        coalesce(raw_totals.rounding_difference, 0) as rounding_difference,
        case
            when keys.cost_basis = 'billed' and unequal_pairs.on_demand_export = 'AmortizedCost'
                then -unequal_pairs.pairing_difference
            when keys.cost_basis = 'effective' and unequal_pairs.on_demand_export = 'ActualCost'
                then unequal_pairs.pairing_difference
            else 0
        end as pairing_difference,
        coalesce(normalized_totals.amortization_difference, 0) as amortization_difference,
        coalesce(normalized_totals.normalized_cost, 0) as normalized_cost,
        coalesce(allocated_totals.allocated_cost, 0) as allocated_cost
    from keys
    left join raw_totals
        on
            keys.source_name = raw_totals.source_name
            and keys.billing_period = raw_totals.billing_period
            and keys.billing_currency = raw_totals.billing_currency
            and keys.cost_basis = raw_totals.cost_basis
    left join normalized_totals
        on
            keys.source_name = normalized_totals.source_name
            and keys.billing_period = normalized_totals.billing_period
            and keys.billing_currency = normalized_totals.billing_currency
            and keys.cost_basis = normalized_totals.cost_basis
    left join allocated_totals
        on
            keys.source_name = allocated_totals.source_name
            and keys.billing_period = allocated_totals.billing_period
            and keys.billing_currency = allocated_totals.billing_currency
            and keys.cost_basis = allocated_totals.cost_basis
    left join unequal_pairs
        on
            keys.source_name = unequal_pairs.source_name
            and keys.billing_period = unequal_pairs.billing_period
            and keys.billing_currency = unequal_pairs.billing_currency

)

select
    source_name,
    billing_period,
    billing_currency,
    cost_basis,
    case
        when not coalesce(has_no_delivery_of_this_basis, false)
            then cast(cast(raw_cost_at_scale as decimal(38, 24)) + rounding_difference as decimal(38, 24))
    end as raw_cost,
    case when not coalesce(has_no_delivery_of_this_basis, false) then rounding_difference end as rounding_difference,
    normalized_cost,
    allocated_cost,
    -- raw_cost - rounding_difference - normalized_cost, kept at the scale where the first two are exact
    case
        when not coalesce(has_no_delivery_of_this_basis, false) then raw_cost_at_scale - normalized_cost
    end as raw_to_normalized_difference,
    pairing_difference,
    amortization_difference,
    normalized_cost - allocated_cost as normalized_to_allocated_difference,
    case
        when has_no_delivery_of_this_basis and cost_basis = 'billed'
            then 'no actual delivery of this period: billed cost is that of usage outside commitments'
        when has_no_delivery_of_this_basis
            then 'no amortized delivery of this period: effective cost follows the actual delivery'
        when pairing_difference <> 0
            then 'the actual and the amortized delivery show different usage: on-demand rows are those of the later run'
        when amortization_difference <> 0 then 'prepaid capacity is spread over its term by amortization.yaml'
        when rounding_difference <> 0 then 'digits delivered beyond the 18th decimal, rounded once'
    end as explained_by
from compared
