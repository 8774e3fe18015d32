-- A workload's training cost of a day given to its runs. Where telemetry names the run, it is the run's; else the runs
-- of the same workload (and cluster, if both are known) that were active on the day share it by GPU-hours, or by time
-- where not all of them tell their GPU-hours. Teams and models may use one workload's name: where runs are of the
-- cost's own model and team, the others get none. What no run explains stays, without a run. Guarantees that the parts
-- add up to int_training_costs exactly.
{%- set measures = [
    'effective_cost', 'billed_cost', 'spot_cost', 'committed_cost', 'on_demand_cost', 'idle_cost', 'credit_cost',
    'tax_cost',
] %}

with costs as (

    select * from {{ ref('int_training_costs') }}

),

runs_by_day as (

    select * from {{ ref('int_training_runs_by_day') }}

),

runs as (

    select * from {{ ref('int_training_runs') }}

),

runs_of_workload as (

    select
        costs.pool_id,
        runs_by_day.run_id,
        runs_by_day.gpu_hours,
        runs_by_day.active_seconds,
        case when coalesce(costs.model_name = runs.model_name, true) then 1 else 0 end
        + case when coalesce(costs.team = runs.team, true) then 1 else 0 end as agreement
    from costs
    inner join runs_by_day
        on
            costs.run_id is null
            and costs.charge_date = runs_by_day.usage_date
            and costs.workload = runs_by_day.workload
            and coalesce(costs.cluster = runs_by_day.cluster, true)
    left join runs
        on runs_by_day.run_id = runs.run_id

),

best_agreements as (

    select
        pool_id,
        max(agreement) as agreement
    from runs_of_workload
    group by pool_id

),

candidates as (

    select
        runs_of_workload.*,
        min(case when runs_of_workload.gpu_hours > 0 then 1 else 0 end)
            over (partition by runs_of_workload.pool_id) = 1
            as has_all_gpu_hours
    from runs_of_workload
    inner join best_agreements
        on
            runs_of_workload.pool_id = best_agreements.pool_id
            and runs_of_workload.agreement = best_agreements.agreement

),

weights as (

    select
        pool_id,
        run_id as consumer_key,
        cast(1 as bigint) as weight
    from costs
    where run_id is not null
    union all
    select
        pool_id,
        run_id as consumer_key,
        case
            when has_all_gpu_hours then {{ millionths('gpu_hours') }}
            else {{ millionths('active_seconds') }}
        end as weight
    from candidates

),

parts as (

    {{ split_exactly('costs', 'weights', measures) }}

)

select
    costs.pool_id,
    costs.charge_date,
    costs.billing_currency,
    costs.team,
    costs.project,
    costs.environment,
    costs.model_name,
    costs.model_version,
    costs.workload,
    parts.consumer_key as run_id,
    parts.share,
    {%- for measure in measures %}
    parts.{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from parts
inner join costs
    on parts.pool_id = costs.pool_id
