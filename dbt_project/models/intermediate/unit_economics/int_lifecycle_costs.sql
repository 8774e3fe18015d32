-- The ledger's cost of a model's life by stage: what prepared its data, tried, trained and evaluated it, and what
-- serves it now. One row per day, currency, stage, model and version; a row without a model is work that names none.
-- Another view of money that stands in the marts of inference and training: never add it to them.
with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}

),

spread_idle as (

    select * from {{ ref('int_idle_costs_spread_over_users') }}

),

training_run_days as (

    select * from {{ ref('fct_training_run_days') }}

),

inference_unit_costs as (

    select * from {{ ref('fct_inference_unit_costs') }}

),

-- training is told by its runs: a sweep, or work outside production, is an experiment
training as (

    select
        charge_date,
        billing_currency,
        case
            when sweep is not null or lower(environment) in ('dev', 'development', 'research', 'test')
                then 'experiments'
            else 'training'
        end as stage,
        model_name,
        model_version,
        effective_cost,
        idle_cost,
        wasted_cost
    from training_run_days
    where billing_currency is not null

),

serving as (

    select
        charge_date,
        billing_currency,
        'serving' as stage,
        model_name,
        model_version,
        effective_cost,
        idle_cost,
        cast(0 as {{ money_type() }}) as wasted_cost
    from inference_unit_costs
    where billing_currency is not null

),

other_work as (

    select
        allocations.charge_date,
        allocations.billing_currency,
        {{ workload_kind('allocations.workload_type') }} as stage,
        allocations.model_name,
        allocations.model_version,
        allocations.allocated_effective_cost as effective_cost,
        coalesce(spread_idle.idle_cost, 0) as idle_cost,
        cast(0 as {{ money_type() }}) as wasted_cost
    from allocations
    left join spread_idle
        on allocations.allocation_id = spread_idle.allocation_id
    where
        allocations.cost_use = 'other'
        and {{ workload_kind('allocations.workload_type') }} in ('data_preparation', 'evaluation', 'experiments')

),

stages as (

    select * from training
    union all
    select * from serving
    union all
    select * from other_work

)

select
    charge_date,
    billing_currency,
    stage,
    model_name,
    model_version,
    cast(sum(effective_cost) as {{ money_type() }}) as effective_cost,
    cast(sum(idle_cost) as {{ money_type() }}) as idle_cost,
    cast(sum(wasted_cost) as {{ money_type() }}) as wasted_cost
from stages
group by
    charge_date,
    billing_currency,
    stage,
    model_name,
    model_version
