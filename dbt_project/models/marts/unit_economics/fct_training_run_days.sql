{%- set owners = ['team', 'project', 'environment', 'model_name', 'model_version', 'workload'] %}
{%- set costs = [
    'effective_cost', 'billed_cost', 'spot_cost', 'committed_cost', 'on_demand_cost', 'idle_cost', 'credit_cost',
    'tax_cost',
] %}

with parts as (

    select * from {{ ref('int_training_costs_split_over_runs') }}

),

runs as (

    select * from {{ ref('int_training_runs') }}

),

runs_by_day as (

    select * from {{ ref('int_training_runs_by_day') }}

),

-- one row a run and day; cost without a run keeps its owners apart
costs_by_run as (

    select
        charge_date,
        billing_currency,
        run_id,
        {%- for owner in owners %}
        case when run_id is null then {{ owner }} end as {{ owner }}_without_run,
        max({{ owner }}) as {{ owner }},
        {%- endfor %}
        {%- for cost in costs %}
        cast(sum({{ cost }}) as {{ money_type() }}) as {{ cost }},
        {%- endfor %}
        count(*) over (partition by charge_date, run_id) as currencies
    from parts
    group by
        charge_date,
        billing_currency,
        run_id,
        {%- for owner in owners %}
        case when run_id is null then {{ owner }} end{{ ',' if not loop.last }}
        {%- endfor %}

),

run_days as (

    select
        coalesce(costs_by_run.charge_date, runs_by_day.usage_date) as charge_date,
        coalesce(costs_by_run.run_id, runs_by_day.run_id) as run_id,
        costs_by_run.billing_currency,
        {%- for owner in owners %}
        costs_by_run.{{ owner }},
        {%- endfor %}
        {%- for cost in costs %}
        costs_by_run.{{ cost }},
        {%- endfor %}
        costs_by_run.currencies,
        runs_by_day.gpu_hours,
        costs_by_run.charge_date is not null as has_cost
    from costs_by_run
    full outer join runs_by_day
        on
            costs_by_run.charge_date = runs_by_day.usage_date
            and costs_by_run.run_id = runs_by_day.run_id

),

described as (

    select
        run_days.charge_date,
        run_days.run_id,
        run_days.billing_currency,
        -- the tracker knows the run best; without it, what the pods said
        {%- for owner in owners %}
        coalesce(runs.{{ owner }}, run_days.{{ owner }}) as {{ owner }},
        {%- endfor %}
        runs.experiment,
        runs.sweep,
        runs.status,
        runs.outcome,
        case
            when run_days.run_id is null then 'no run of this workload in the training_runs feed on this day'
            when not run_days.has_cost then 'no cost of this run in the ledger on this day'
            when runs.run_id is null then 'the run is not in the training_runs feed'
            when run_days.gpu_hours is null then 'no GPU-hours of this run in the feeds'
            when run_days.currencies > 1 then 'billed in several currencies: GPU-hours count in each'
        end as reason,
        {%- for cost in costs %}
        run_days.{{ cost }},
        {%- endfor %}
        cast(run_days.effective_cost + run_days.idle_cost as {{ money_type() }}) as fully_loaded_cost,
        run_days.gpu_hours
    from run_days
    left join runs
        on run_days.run_id = runs.run_id

)

select
    described.charge_date,
    {{ month_of('described.charge_date') }} as billing_period,
    described.billing_currency,
    described.run_id,
    {%- for owner in owners %}
    described.{{ owner }},
    {%- endfor %}
    described.experiment,
    described.sweep,
    described.status,
    described.outcome,
    described.reason,
    described.effective_cost,
    described.billed_cost,
    described.on_demand_cost,
    described.committed_cost,
    described.spot_cost,
    described.idle_cost,
    described.fully_loaded_cost,
    described.credit_cost,
    described.tax_cost,
    case
        when described.outcome in ('completed', 'running') then cast(0 as {{ money_type() }})
        when described.outcome is not null then described.effective_cost
    end as wasted_cost,
    described.gpu_hours,
    {{ unit_cost('described.effective_cost', 'described.gpu_hours') }} as cost_per_gpu_hour,
    {{ reporting_columns('described', ['effective_cost', 'idle_cost', 'fully_loaded_cost'], 'charge_date') }},
    described.reason is null as is_complete
from described
cross join {{ reporting_settings() }} as settings
