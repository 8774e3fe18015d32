-- Every hop of the ledger: what went in (the pool, by pool_id), how it was split, and the parts that came out. Final
-- amounts are is_final; fct_cost_allocations holds those alone.
--
-- A view: only publishing reads it.
{{ config(materialized='view') }}

with steps as (

    select * from {{ ref('int_allocation_steps') }}

),

-- Azure periods whose two deliveries show different usage are provisional, whatever the month
unequal_periods as (

    select distinct
        source_name,
        billing_period
    from {{ ref('int_azure__exports_paired') }}
    where is_unequal_pair

)

select
    {{ allocation_columns('steps') }},
    steps.is_idle,
    steps.idle_type,
    steps.is_unallocated,
    steps.unallocated_reason,
    steps.billing_period >= {{ open_billing_period() }}
    or unequal_periods.billing_period is not null as is_provisional,
    steps.is_final,
    steps.hop,
    steps.charge_date
from steps
left join unequal_periods
    on
        steps.source_name = unequal_periods.source_name
        and steps.billing_period = unequal_periods.billing_period
