{{ config(materialized='kept_months', kept_by='charge_date') }}
-- The ledger's cost of answering requests: workloads that serve a model, and calls of managed models (the bill's meter
-- names the model). One row per day, currency, model, version, environment, team, workload and way of serving (its own
-- machines, or a managed API).
{%- set bases = allocation_rules() | selectattr('driver', 'equalto', 'gpu_hours') | map(attribute='basis') | list
    or ['requested'] %}

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

spread_idle as (

    select * from {{ ref('int_idle_costs_spread_over_users') }}

),

gpu_hours as (

    select * from {{ ref('int_gpu_hours_by_workload') }}

),

places_without_driver as (

    select * from {{ ref('int_places_without_driver') }}

),

-- the GPU-hours that the machines' cost was split by
gpu_hours_held as (

    select
        usage_date,
        model_name,
        model_version,
        environment,
        team,
        workload,
        cast(sum(gpu_hours) as {{ money_type() }}) as gpu_hours
    from gpu_hours
    where
        {{ workload_kind('workload_type') }} = 'inference'
        -- as the first rule reads telemetry: rules for other clusters may read the same hours in other ways
        and basis = {{ text_literal(bases[0]) }}
    group by
        usage_date,
        model_name,
        model_version,
        environment,
        team,
        workload

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
        allocations.cluster,
        allocations.model_id is not null as is_managed,
        allocations.token_direction,
        allocations.cost_use,
        allocations.allocated_effective_cost,
        coalesce(allocations.allocated_contracted_cost, allocations.allocated_effective_cost) as contracted_cost,
        spread_idle.idle_cost as spread_idle_cost
    from allocations
    left join spread_idle
        on allocations.allocation_id = spread_idle.allocation_id
    where allocations.activity = 'inference'

),

model_clusters as (

    select distinct
        {{ month_of('charge_date') }} as month,
        model_name,
        model_version,
        environment,
        team,
        workload,
        cluster
    from serving_allocations
    where cluster is not null

),

days_without_driver as (

    select distinct
        places_without_driver.charge_date,
        model_clusters.model_name,
        model_clusters.model_version,
        model_clusters.environment,
        model_clusters.team,
        model_clusters.workload
    from model_clusters
    inner join places_without_driver
        on
            model_clusters.month = places_without_driver.month
            and model_clusters.cluster = places_without_driver.place

),

costs as (

    select
        charge_date,
        billing_currency,
        model_name,
        model_version,
        environment,
        team,
        workload,
        is_managed,
        {{ billing_period_of_day('billing_period', 'charge_date') }} as billing_period,
        {{ sum_of_use("'inference'") }} as effective_cost,
        cast(
            sum(case when cost_use = 'idle' then allocated_effective_cost else coalesce(spread_idle_cost, 0) end)
            as {{ money_type() }}
        ) as idle_cost,
        cast(sum(case when cost_use = 'inference' then contracted_cost else 0 end) as {{ money_type() }})
            as contracted_cost,
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
        workload,
        is_managed

)

select
    costs.*,
    coalesce(gpu_hours_held.gpu_hours, 0) as gpu_hours,
    days_without_driver.charge_date is not null as has_cost_without_driver
from costs
left join gpu_hours_held
    on
        costs.charge_date = gpu_hours_held.usage_date
        and costs.model_name is not distinct from gpu_hours_held.model_name
        and costs.model_version is not distinct from gpu_hours_held.model_version
        and costs.environment is not distinct from gpu_hours_held.environment
        and costs.team is not distinct from gpu_hours_held.team
        and costs.workload = gpu_hours_held.workload
        and not costs.is_managed
left join days_without_driver
    on
        costs.charge_date = days_without_driver.charge_date
        and costs.model_name is not distinct from days_without_driver.model_name
        and costs.model_version is not distinct from days_without_driver.model_version
        and costs.environment is not distinct from days_without_driver.environment
        and costs.team is not distinct from days_without_driver.team
        and costs.workload is not distinct from days_without_driver.workload
        and not costs.is_managed
