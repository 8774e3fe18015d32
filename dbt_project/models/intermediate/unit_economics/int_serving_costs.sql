-- The ledger's cost of answering requests: workloads that serve a model, and calls of managed models (the bill's meter
-- names the model). One row per day, currency, model, version, environment, team and workload.
{{ config(materialized='table', meta={'dagster': {'group': 'unit_economics'}}) }}

with allocations as (

    select * from {{ ref('int_allocations_unioned') }}

),

idle_costs as (

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
        allocations.charge_category,
        allocations.allocated_effective_cost,
        idle_costs.idle_cost
    from allocations
    left join idle_costs
        on
            allocations.pool_id = idle_costs.pool_id
            and allocations.consumer_key = idle_costs.consumer_key
    where
        not allocations.is_idle
        and (
            lower(allocations.workload_type) in ('serving', 'inference')
            or allocations.model_id is not null
        )

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
    cast(sum(case when charge_category in ('Credit', 'Tax') then 0 else allocated_effective_cost end)
        as {{ money_type() }}) as effective_cost,
    cast(sum(case when charge_category in ('Credit', 'Tax') then 0 else coalesce(idle_cost, 0) end)
        as {{ money_type() }}) as idle_cost,
    cast(sum(case when charge_category = 'Credit' then allocated_effective_cost else 0 end) as {{ money_type() }})
        as credit_cost,
    cast(sum(case when charge_category = 'Tax' then allocated_effective_cost else 0 end) as {{ money_type() }})
        as tax_cost,
    cast(sum(
        case
            when charge_category not in ('Credit', 'Tax') and token_direction = 'Input' then allocated_effective_cost
            else 0
        end
    ) as {{ money_type() }}) as input_token_cost,
    cast(sum(
        case
            when charge_category not in ('Credit', 'Tax') and token_direction = 'Output' then allocated_effective_cost
            else 0
        end
    ) as {{ money_type() }}) as output_token_cost
from serving_allocations
group by
    charge_date,
    billing_currency,
    model_name,
    model_version,
    environment,
    team,
    workload
