-- The training runs that trackers report: one row a run, told by its last attempt, over the time of all of them.
with attempts as (

    select * from {{ ref('int_training_attempts') }}

),

times as (

    select
        run_id,
        min(started_at) as started_at,
        case when count(gpu_hours) = count(*) then cast(sum(gpu_hours) as {{ money_type() }}) end as gpu_hours
    from attempts
    group by run_id

)

select
    attempts.run_id,
    {%- for column in consumer_columns() if column not in ('run_id', 'dataset') %}
    attempts.{{ column }},
    {%- endfor %}
    attempts.experiment,
    attempts.sweep,
    attempts.status,
    -- what the tracker's word means for the money
    case replace(replace(lower(attempts.status), '-', '_'), ' ', '_')
        {%- for outcome, words in run_outcomes().items() %}
        {%- for word in words %}
        when '{{ word }}' then '{{ outcome }}'
        {%- endfor %}
        {%- endfor %}
    end as outcome,
    attempts.quality_metric,
    attempts.epochs,
    times.gpu_hours,
    attempts.quality_value,
    times.started_at,
    attempts.ended_at
from attempts
inner join times
    on attempts.run_id = times.run_id
where attempts.attempt_from_last = 1
