-- The training runs that trackers report: one row a run, the latest report of each. A run that is still going on has
-- no end; for the money it has lasted until the last day of the ledger.
with runs as (

    select * from {{ ref('stg_usage__training_runs') }}

),

ledger_days as (

    select max(charge_date) as last_date from {{ ref('fct_cost_allocations') }}

),

reports as (

    select
        *,
        row_number() over (
            partition by run_id
            order by case when ended_at is null then 1 else 0 end desc, ended_at desc, started_at desc, status asc
        ) as report_number
    from runs

)

select
    reports.run_id,
    {%- for column in consumer_columns() if column not in ('run_id', 'dataset') %}
    reports.{{ column }},
    {%- endfor %}
    lower(reports.cluster) as cluster,
    reports.experiment,
    reports.sweep,
    reports.status,
    -- what the tracker's word means for the money
    case replace(replace(lower(reports.status), '-', '_'), ' ', '_')
        {%- for outcome, words in run_outcomes().items() %}
        {%- for word in words %}
        when '{{ word }}' then '{{ outcome }}'
        {%- endfor %}
        {%- endfor %}
    end as outcome,
    reports.quality_metric,
    reports.epochs,
    reports.gpu_hours,
    reports.quality_value,
    reports.started_at,
    reports.ended_at,
    greatest(
        coalesce(reports.ended_at, cast(ledger_days.last_date as timestamp) + interval 1 day), reports.started_at
    ) as active_until
from reports
cross join ledger_days
where reports.report_number = 1
