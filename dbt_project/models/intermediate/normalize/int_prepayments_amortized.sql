{{ config(materialized='table') }}
{#- A table: small, and joined to every charge. -#}

with

prepayments as (

    select * from {{ ref('stg_prepayments') }}

),

charges as {{ computed_anew() }} (

    select * from {{ ref('int_charges_unioned') }}

),

meters as (

    select * from {{ ref('int_meters_classified') }}

),

-- No day is spread before the bill has come to it.
last_days as (

    select max(charges.charge_date) as last_day

    from charges
    where charges.is_consumption

),

-- What a provider spreads itself is billed and effective on different days already: it is left alone.
purchases as (

    select
        charges.charge_id as pool_id,
        charges.charge_id as purchase_id,
        charges.billing_currency,
        charges.billed_cost as effective_cost,
        prepayments.prepayment,
        prepayments.has_usage,
        prepayments.capacity_per_day,
        prepayments.first_day,
        prepayments.end_day

    from prepayments
    inner join charges
        on prepayments.source_name = charges.source_name
    inner join meters
        on charges.meter_key = meters.meter_key
    where
        charges.charge_category = 'Purchase'
        and charges.charge_origin in ('delivered', 'refund')
        and charges.effective_cost = charges.billed_cost
        and charges.billed_cost != 0
        and {{ charge_is_selected('prepayments', 'purchase') }}
    qualify row_number() over (partition by charges.charge_id order by prepayments.rule_order) = 1

),

term_days as (

    select
        pool_id,
        {{ each_day('first_day', 'cast(end_day - interval 1 day as date)') }} as term_day

    from purchases

),

term_weights as (

    select
        pool_id,
        cast(term_day as varchar) as consumer_key,
        cast(1 as bigint) as weight

    from term_days

),

day_shares as (

    {{ split_exactly('purchases', 'term_weights', ['effective_cost']) }}

),

due_days as (

    select
        purchases.purchase_id || '#' || day_shares.consumer_key as pool_id,
        purchases.purchase_id,
        purchases.prepayment,
        purchases.billing_currency,
        purchases.has_usage,
        purchases.capacity_per_day,
        cast(day_shares.consumer_key as date) as charge_date,
        day_shares.effective_cost

    from day_shares
    inner join purchases
        on day_shares.pool_id = purchases.pool_id
    cross join last_days
    where cast(day_shares.consumer_key as date) <= last_days.last_day

),

covered_charges as (

    select
        charges.charge_id,
        charges.charge_date,
        charges.billing_currency,
        prepayments.prepayment,
        {{ millionths('greatest(charges.pricing_quantity, 0)') }} as weight

    from prepayments
    inner join charges
        on
            prepayments.source_name = charges.source_name
            and prepayments.first_day <= charges.charge_date
            and prepayments.end_day > charges.charge_date
    inner join meters
        on charges.meter_key = meters.meter_key
    where
        prepayments.has_usage
        and charges.is_consumption
        and {{ charge_is_selected('prepayments', 'usage') }}
    qualify row_number() over (partition by charges.charge_id order by prepayments.rule_order) = 1

),

used_weights as (

    select
        due_days.pool_id,
        due_days.capacity_per_day,
        covered_charges.charge_id as consumer_key,
        coalesce(covered_charges.weight, 0) as weight

    from due_days
    left join covered_charges
        on
            due_days.prepayment = covered_charges.prepayment
            and due_days.charge_date = covered_charges.charge_date
            and due_days.billing_currency = covered_charges.billing_currency

),

weights as (

    select
        pool_id,
        consumer_key,
        weight

    from used_weights
    where consumer_key is not null

    union all

    -- What a day has and nobody used, if the rule says what a day has.
    select
        pool_id,
        'unused' as consumer_key,
        greatest({{ millionths('max(capacity_per_day)') }} - cast(sum(weight) as bigint), 0) as weight

    from used_weights
    where capacity_per_day is not null
    group by pool_id

),

day_parts as (

    {{ split_exactly('due_days', 'weights', ['effective_cost']) }}

),

shares as (

    select
        due_days.prepayment,
        'share' as role,
        -- Who used it is charged beside the usage; what nobody did stays with the purchase.
        case
            when coalesce(day_parts.consumer_key, 'unused') = 'unused' then due_days.purchase_id
            else day_parts.consumer_key
        end as base_charge_id,
        due_days.purchase_id,
        due_days.charge_date,
        due_days.has_usage and coalesce(day_parts.consumer_key, 'unused') = 'unused' as is_unused,
        day_parts.effective_cost

    from day_parts
    inner join due_days
        on day_parts.pool_id = due_days.pool_id
    where day_parts.effective_cost != 0

),

purchase_changes as (

    select
        prepayment,
        'purchase' as role,
        purchase_id as base_charge_id,
        purchase_id,
        cast(null as date) as charge_date,
        false as is_unused,
        cast(0 as {{ money_type() }}) as effective_cost

    from purchases

),

covered_changes as (

    select
        prepayment,
        'covered' as role,
        charge_id as base_charge_id,
        cast(null as varchar) as purchase_id,
        charge_date,
        false as is_unused,
        cast(null as {{ money_type() }}) as effective_cost

    from covered_charges
    where prepayment in (select purchases.prepayment from purchases)

),

-- A capacity whose purchase is not on the bill spreads nothing: its words in amortization.yaml may be wrong.
missing_purchases as (

    select
        prepayment,
        'no purchase' as role,
        cast(null as varchar) as base_charge_id,
        cast(null as varchar) as purchase_id,
        first_day as charge_date,
        false as is_unused,
        cast(null as {{ money_type() }}) as effective_cost

    from prepayments
    where prepayment not in (select purchases.prepayment from purchases)

),

amortized as (

    select * from missing_purchases
    union all
    select * from shares
    union all
    select * from purchase_changes
    union all
    select * from covered_changes

)

select * from amortized
