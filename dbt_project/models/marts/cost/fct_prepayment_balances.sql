with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where
        commitment_discount_type = 'Prepaid Capacity'
        and charge_origin in ('prepayment', 'amortized prepayment', 'unused commitment')

),

months as (

    select
        source_name,
        commitment_discount_id as prepayment,
        billing_period,
        billing_currency,
        sum(case when charge_origin = 'prepayment' then billed_cost else 0 end) as purchased_cost,
        sum(case when charge_origin <> 'prepayment' then effective_cost else 0 end) as spread_cost,
        sum(case when charge_origin = 'unused commitment' then effective_cost else 0 end) as unused_cost

    from charges
    group by
        source_name,
        commitment_discount_id,
        billing_period,
        billing_currency

),

balanced as (

    select
        *,
        cast(billing_period || '-01' as date) as period_start_date,
        sum(purchased_cost - spread_cost) over (
            partition by source_name, prepayment, billing_currency
            order by billing_period
        ) as open_balance

    from months

)

select
    balanced.source_name,
    balanced.prepayment,
    balanced.billing_period,
    balanced.billing_currency,
    cast(balanced.purchased_cost as {{ money_type() }}) as purchased_cost,
    cast(balanced.spread_cost as {{ money_type() }}) as spread_cost,
    cast(balanced.unused_cost as {{ money_type() }}) as unused_cost,
    cast(balanced.open_balance as {{ money_type() }}) as open_balance,
    {{ reporting_columns('balanced', ['purchased_cost', 'spread_cost', 'open_balance'], 'period_start_date') }}
from balanced
cross join {{ reporting_settings() }} as settings
