-- The ledger's cost of answering requests: workloads that serve a model, and calls of managed models (the bill's meter
-- names the model). One row per day, currency, model, version, environment, team and workload.

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}

),

spread_idle as (

    select * from {{ ref('int_idle_costs_spread_over_users') }}

),

serving_allocations as (

    select
        allocations.charge_date,
        allocations.billing_period,
        allocations.billing_currency,
        allocations.model_name,
        allocations.model_version,
        allocations.environment,
        allocations.team,
        allocations.workload,
        allocations.model_id is not null as is_managed,
        allocations.token_direction,
        allocations.cost_use,
        allocations.allocated_effective_cost,
        spread_idle.idle_cost as spread_idle_cost
    from allocations
    left join spread_idle
        on allocations.allocation_id = spread_idle.allocation_id
    where allocations.activity = 'inference'

)

select
    charge_date,
    billing_currency,
    model_name,
    model_version,
    environment,
    team,
    workload,
    -- a UTC day at a month's edge can be billed in two periods; it is shown in its own month if it was billed there
    coalesce(
        max(case when billing_period = {{ month_of('charge_date') }} then billing_period end), max(billing_period)
    ) as billing_period,
    min(case when is_managed then 1 else 0 end) = 1 as is_managed,
    {{ sum_of_use("'inference'") }} as effective_cost,
    cast(
        sum(case when cost_use = 'idle' then allocated_effective_cost else coalesce(spread_idle_cost, 0) end)
        as {{ money_type() }}
    ) as idle_cost,
    {{ sum_of_use("'credits'") }} as credit_cost,
    {{ sum_of_use("'tax'") }} as tax_cost,
    {{ sum_of_use("'inference'", "token_direction = 'Input'") }} as input_token_cost,
    {{ sum_of_use("'inference'", "token_direction = 'Output'") }} as output_token_cost
from serving_allocations
group by
    charge_date,
    billing_currency,
    model_name,
    model_version,
    environment,
    team,
    workload
