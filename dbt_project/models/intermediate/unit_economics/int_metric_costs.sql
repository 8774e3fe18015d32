{{ config(materialized='kept_months', kept_by='charge_date', side_file='metrics') }}
-- The part of the ledger that each business metric pays for: one pool per metric, day and currency, or per value of the
-- ledger's column that names the entity. The same money serves several metrics: never add two metrics.
with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

spread_idle as (

    select * from {{ ref('int_idle_costs_spread_over_users') }}

),

counted_metrics as (

    select distinct metric from {{ ref('int_metric_quantities') }}

),

metrics as (

    select stg_metrics.*
    from {{ ref('stg_metrics') }} as stg_metrics
    inner join counted_metrics
        on stg_metrics.metric = counted_metrics.metric

),

selected as (

    select
        metrics.metric,
        allocations.charge_date,
        allocations.billing_currency,
        case metrics.split
            {%- for column in metric_split_columns() %}
            when '{{ column }}' then allocations.{{ column }}
            {%- endfor %}
        end as entity,
        metrics.split in ('quantity', 'revenue', 'evenly') as is_shared,
        allocations.cost_use,
        case
            when allocations.cost_use in ('credits', 'tax') then 0
            when metrics.basis = 'billed' then allocations.allocated_billed_cost
            when metrics.basis = 'list' then allocations.allocated_list_cost
            when metrics.basis = 'contracted' then allocations.allocated_contracted_cost
            when metrics.basis = 'fully_loaded'
                then allocations.allocated_effective_cost + coalesce(spread_idle.idle_cost, 0)
            else allocations.allocated_effective_cost
        end as cost,
        case
            when allocations.cost_use in ('credits', 'tax') then 0
            when allocations.cost_use = 'idle' and metrics.basis = 'fully_loaded' then 0
            else allocations.allocated_effective_cost
        end as effective_cost,
        allocations.allocated_effective_cost
    from allocations
    left join spread_idle
        on allocations.allocation_id = spread_idle.allocation_id
    cross join metrics
    where
        -- credits and tax follow what they are for; fully loaded, so does idle that the ledger gives to a workload
        (
            metrics.selected_cost_use is null
            or {{ list_has(
                'metrics.selected_cost_use',
                "case when allocations.cost_use in ('credits', 'tax')"
                " or (allocations.cost_use = 'idle' and allocations.workload is not null"
                " and metrics.basis = 'fully_loaded')"
                " then allocations.activity else allocations.cost_use end",
            ) }}
        )
        {%- for column in metric_selection_columns() if column != 'cost_use' %}
        and (
            metrics.selected_{{ column }} is null
            or {{ list_has('metrics.selected_' ~ column, 'allocations.' ~ column) }}
        )
        {%- endfor %}

)

select
    {{ digest(['metric', 'charge_date', 'billing_currency', 'entity']) }} as pool_id,
    metric,
    charge_date,
    billing_currency,
    entity,
    is_shared,
    cast(sum(cost) as {{ money_type() }}) as cost,
    cast(sum(effective_cost) as {{ money_type() }}) as effective_cost,
    {{ sum_of_use("'credits'") }} as credit_cost,
    {{ sum_of_use("'tax'") }} as tax_cost
from selected
group by
    metric,
    charge_date,
    billing_currency,
    entity,
    is_shared
