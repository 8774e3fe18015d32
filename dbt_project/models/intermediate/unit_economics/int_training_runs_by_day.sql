-- Each run once a UTC day that it was active on, with the time and the GPU-hours of that day. GPU-hours are those of
-- the pods that name the run; where none does, the tracker's own, spread evenly over the run.
with attempts as (

    select * from {{ ref('int_training_attempts') }}

),

gpu_hours as (

    select * from {{ ref('stg_usage__gpu_hours') }}

),

attempt_intervals as (

    select
        run_id,
        workload,
        cluster,
        gpu_hours,
        cast(
            {{ from_millionths(epoch_microseconds('active_until') ~ ' - ' ~ epoch_microseconds('started_at')) }}
            as {{ money_type() }}
        ) as active_seconds,
        started_at as usage_start,
        active_until as usage_end
    from attempts

),

attempts_by_day as (

    {{ cut_by_day('attempt_intervals', ['run_id', 'workload', 'cluster'], ['gpu_hours', 'active_seconds']) }}

),

runs_by_day as (

    select
        run_id,
        usage_date,
        max(workload) as workload,
        {{ value_in_common('cluster') }} as cluster,
        case when count(gpu_hours) = count(*) then cast(sum(gpu_hours) as {{ money_type() }}) end as gpu_hours,
        cast(sum(active_seconds) as {{ money_type() }}) as active_seconds
    from attempts_by_day
    group by
        run_id,
        usage_date

),

pods_of_runs as (

    select
        run_id,
        gpu_hours_requested,
        usage_start,
        usage_end
    from gpu_hours
    where run_id is not null

),

pods_by_day as (

    {{ cut_by_day('pods_of_runs', ['run_id'], ['gpu_hours_requested']) }}

),

gpu_hours_of_pods as (

    select
        run_id,
        usage_date,
        cast(sum(gpu_hours_requested) as {{ money_type() }}) as gpu_hours
    from pods_by_day
    group by
        run_id,
        usage_date

),

runs_with_pods as (

    select distinct run_id from gpu_hours_of_pods

)

select
    coalesce(runs_by_day.run_id, gpu_hours_of_pods.run_id) as run_id,
    coalesce(runs_by_day.usage_date, gpu_hours_of_pods.usage_date) as usage_date,
    runs_by_day.workload,
    runs_by_day.cluster,
    case
        when runs_with_pods.run_id is null then runs_by_day.gpu_hours
        else coalesce(gpu_hours_of_pods.gpu_hours, 0)
    end as gpu_hours,
    runs_by_day.active_seconds,
    runs_by_day.run_id is not null as is_reported
from runs_by_day
full outer join gpu_hours_of_pods
    on
        runs_by_day.run_id = gpu_hours_of_pods.run_id
        and runs_by_day.usage_date = gpu_hours_of_pods.usage_date
left join runs_with_pods
    on coalesce(runs_by_day.run_id, gpu_hours_of_pods.run_id) = runs_with_pods.run_id
