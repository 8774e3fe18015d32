-- The attempts of the training runs that trackers report: one row a run and start, as last reported. An attempt without
-- an end has lasted until the run was started again, or for the money until the last day of the ledger.
with runs as (

    select * from {{ ref('stg_usage__training_runs') }}

),

ledger_days as (

    select max(charge_date) as last_date from {{ ref('fct_cost_allocations') }}

),

-- a report with an end is later than one without, which was made while the run went on
reports as (

    select
        *,
        row_number() over (
            partition by run_id, started_at
            order by case when ended_at is null then 1 else 0 end asc, ended_at desc, status asc
        ) as report_number
    from runs

),

attempts as (

    select
        *,
        lead(started_at) over (partition by run_id order by started_at) as restarted_at,
        row_number() over (partition by run_id order by started_at desc) as attempt_from_last
    from reports
    where report_number = 1

)

select
    attempts.run_id,
    {%- for column in consumer_columns() if column not in ('run_id', 'dataset') %}
    attempts.{{ column }},
    {%- endfor %}
    lower(attempts.cluster) as cluster,
    attempts.experiment,
    attempts.sweep,
    attempts.status,
    attempts.quality_metric,
    attempts.epochs,
    attempts.gpu_hours,
    attempts.quality_value,
    attempts.attempt_from_last,
    attempts.started_at,
    attempts.ended_at,
    greatest(
        coalesce(
            attempts.ended_at, attempts.restarted_at, cast(ledger_days.last_date as timestamp) + interval 1 day
        ),
        attempts.started_at
    ) as active_until
from attempts
cross join ledger_days
