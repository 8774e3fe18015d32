{%- set owners = ['team', 'project', 'environment', 'model_name', 'model_version', 'workload'] %}
{%- set sums = [
    'effective_cost', 'billed_cost', 'on_demand_cost', 'committed_cost', 'spot_cost', 'idle_cost',
    'fully_loaded_cost', 'credit_cost', 'tax_cost', 'wasted_cost',
] %}

with run_days as (

    select * from {{ ref('fct_training_run_days') }}

),

runs as (

    select * from {{ ref('int_training_runs') }}

),

days_without_cost as (

    select
        run_id,
        count(*) as days
    from run_days
    where billing_currency is null
    group by run_id

),

-- One row a run and currency; cost without a run keeps its owners apart. Days without cost are no currency of their
-- own: they make the run's cost incomplete.
summed as (

    select
        run_days.run_id,
        run_days.billing_currency,
        {%- for owner in owners %}
        case when run_days.run_id is null then run_days.{{ owner }} end as {{ owner }}_without_run,
        max(run_days.{{ owner }}) as {{ owner }},
        {%- endfor %}
        {%- for sum in sums %}
        cast(sum(run_days.{{ sum }}) as {{ money_type() }}) as {{ sum }},
        {%- endfor %}
        cast(sum(run_days.gpu_hours) as {{ money_type() }}) as gpu_hours,
        count(*) as days_with_cost,
        count(run_days.gpu_hours) as days_with_gpu_hours,
        count(*) over (partition by run_days.run_id) as currencies,
        min(run_days.charge_date) as first_charge_date,
        max(run_days.charge_date) as last_charge_date
    from run_days
    where run_days.billing_currency is not null
    group by
        run_days.run_id,
        run_days.billing_currency,
        {%- for owner in owners %}
        case when run_days.run_id is null then run_days.{{ owner }} end{{ ',' if not loop.last }}
        {%- endfor %}

),

with_runs as (

    select
        coalesce(summed.run_id, runs.run_id) as run_id,
        summed.billing_currency,
        {%- for owner in owners %}
        coalesce(runs.{{ owner }}, summed.{{ owner }}) as {{ owner }},
        {%- endfor %}
        runs.experiment,
        runs.sweep,
        runs.status,
        runs.outcome,
        {%- for sum in sums %}
        summed.{{ sum }},
        {%- endfor %}
        coalesce(summed.gpu_hours, runs.gpu_hours) as gpu_hours,
        runs.epochs,
        runs.quality_metric,
        runs.quality_value,
        runs.started_at,
        runs.ended_at,
        summed.first_charge_date,
        summed.last_charge_date,
        summed.days_with_cost,
        summed.days_with_gpu_hours,
        summed.currencies,
        runs.run_id is not null as is_reported
    from summed
    full outer join runs
        on summed.run_id = runs.run_id

),

explained as (

    select
        with_runs.*,
        case
            when with_runs.run_id is null then 'no run of this workload in the training_runs feed'
            when with_runs.billing_currency is null then 'no cost of this run in the ledger'
            when not with_runs.is_reported then 'the run is not in the training_runs feed'
            when with_runs.currencies > 1 then 'billed in several currencies: GPU-hours and epochs count in each'
            when with_runs.ended_at is null then 'the run has not ended'
            when days_without_cost.days > 0
                then 'no cost in the ledger on ' || cast(days_without_cost.days as string) || ' of its days'
            when with_runs.days_with_gpu_hours < with_runs.days_with_cost then 'no GPU-hours of this run in the feeds'
            when with_runs.epochs is null then 'no epochs in the training_runs feed'
            when with_runs.epochs = 0 then 'the run finished no epoch'
        end as reason
    from with_runs
    left join days_without_cost
        on with_runs.run_id = days_without_cost.run_id

)

select
    explained.run_id,
    explained.billing_currency,
    {%- for owner in owners %}
    explained.{{ owner }},
    {%- endfor %}
    explained.experiment,
    explained.sweep,
    explained.status,
    explained.outcome,
    explained.quality_metric,
    explained.reason,
    {%- for sum in sums %}
    explained.{{ sum }},
    {%- endfor %}
    explained.gpu_hours,
    explained.epochs,
    explained.quality_value,
    {{ unit_cost('explained.effective_cost', 'explained.epochs') }} as cost_per_epoch,
    {{ unit_cost('explained.effective_cost', 'explained.gpu_hours') }} as cost_per_gpu_hour,
    {{ reporting_columns('explained', ['effective_cost', 'fully_loaded_cost', 'wasted_cost'], 'last_charge_date') }},
    explained.reason is null as is_complete,
    explained.first_charge_date,
    explained.last_charge_date,
    explained.started_at,
    explained.ended_at
from explained
cross join {{ reporting_settings() }} as settings
