{{ config(materialized='kept_months', kept_by='charge_date') }}
-- The ledger's cost of training, as a pool for each day, currency and workload (and run, where telemetry names it),
-- with what was bought on demand, committed and on spot apart. Credits and tax stand beside.
{%- set owners = ['team', 'project', 'environment', 'model_name', 'model_version', 'workload', 'run_id'] %}

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

spread_idle as (

    select * from {{ ref('int_idle_costs_spread_over_users') }}

),

training_allocations as (

    select
        allocations.charge_date,
        allocations.billing_currency,
        {%- for column in owners %}
        allocations.{{ column }},
        {%- endfor %}
        lower(allocations.cluster) as cluster,
        allocations.cost_use,
        -- the machine's own word first: a credit on a spot machine has no price category
        coalesce(
            allocations.capacity_type,
            case allocations.pricing_category when 'Dynamic' then 'spot' when 'Committed' then 'reserved' end,
            'on_demand'
        ) as capacity_type,
        allocations.allocated_effective_cost,
        allocations.allocated_billed_cost,
        spread_idle.idle_cost as spread_idle_cost
    from allocations
    left join spread_idle
        on allocations.allocation_id = spread_idle.allocation_id
    where allocations.activity = 'training'

)

select
    {{ digest(['charge_date', 'billing_currency', 'cluster'] + owners) }} as pool_id,
    charge_date,
    billing_currency,
    {%- for column in owners %}
    {{ column }},
    {%- endfor %}
    cluster,
    {{ sum_of_use("'training'") }} as effective_cost,
    cast(sum(case when cost_use = 'training' then allocated_billed_cost else 0 end) as {{ money_type() }})
        as billed_cost,
    {{ sum_of_use("'training'", "capacity_type = 'spot'") }} as spot_cost,
    {{ sum_of_use("'training'", "capacity_type in ('reserved', 'block')") }} as committed_cost,
    {{ sum_of_use("'training'", "capacity_type not in ('spot', 'reserved', 'block')") }} as on_demand_cost,
    cast(
        sum(case when cost_use = 'idle' then allocated_effective_cost else coalesce(spread_idle_cost, 0) end)
        as {{ money_type() }}
    ) as idle_cost,
    {{ sum_of_use("'credits'") }} as credit_cost,
    {{ sum_of_use("'tax'") }} as tax_cost
from training_allocations
group by
    charge_date,
    billing_currency,
    {{ owners | join(',\n    ') }},
    cluster
