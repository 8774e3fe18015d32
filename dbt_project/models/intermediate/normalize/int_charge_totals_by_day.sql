{{ config(materialized='kept_months', kept_by='billing_period') }}
-- What the charges of each day sum to, whatever they are: what deliveries and ledger are held against. The check
-- every_day_is_allocated_exactly counts and sums the charges of all months: one lost from a kept month is told there.
with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('billing_period') }}

)

select
    source_name,
    billing_period,
    billing_currency,
    charge_date,
    any_value(provider) as provider,
    count(*) as charges,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
    sum(list_cost) as list_cost,
    sum(contracted_cost) as contracted_cost,
    -- what amortization.yaml moved: out of the purchase's month, into those of its term
    sum(
        case
            when charge_origin = 'prepayment' then billed_cost
            when
                charge_origin = 'amortized prepayment'
                or (charge_origin = 'unused commitment' and commitment_discount_type = 'Prepaid Capacity')
                then -effective_cost
            else 0
        end
    ) as amortization_difference
from charges
group by
    source_name,
    billing_period,
    billing_currency,
    charge_date
