-- What training bought: the quality of a model version's first and latest completed run, as the trackers measured
-- it, and the gain between them, counted so that better is positive.
with runs as (

    select * from {{ ref('int_training_runs') }}

),

measured as (

    select
        model_name,
        model_version,
        quality_metric,
        quality_value,
        row_number() over (
            partition by model_name, model_version
            order by ended_at asc, run_id asc
        ) as run_number,
        row_number() over (
            partition by model_name, model_version
            order by ended_at desc, run_id desc
        ) as run_number_from_last,
        count(distinct quality_metric) over (partition by model_name, model_version) as metrics
    from runs
    where
        outcome = 'completed'
        and quality_metric is not null
        and quality_value is not null

),

-- two metrics of one model cannot be compared
first_and_last as (

    select
        model_name,
        model_version,
        max(quality_metric) as quality_metric,
        max(case when run_number = 1 then quality_value end) as first_quality_value,
        max(case when run_number_from_last = 1 then quality_value end) as last_quality_value,
        count(*) as measured_runs
    from measured
    where metrics = 1
    group by
        model_name,
        model_version

)

select
    *,
    cast(
        case when {{ is_better_when_lower('quality_metric') }} then -1 else 1 end
        * (last_quality_value - first_quality_value) as {{ money_type() }}
    ) as quality_gain
from first_and_last
