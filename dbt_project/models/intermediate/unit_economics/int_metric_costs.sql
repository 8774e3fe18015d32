{{ config(materialized='kept_months', kept_by='charge_date', side_file='metrics') }}
-- The part of the ledger that each business metric pays for: one pool per metric, day and currency, or per value of the
-- ledger's column that names the entity. The same money serves several metrics: never add two metrics. What it
-- costs on a day is not known where telemetry is missing and it has cost on other days of the month.
with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

spread_idle as (

    select * from {{ ref('int_idle_costs_spread_over_users') }}

),

places_without_driver as (

    select * from {{ ref('int_places_without_driver') }}

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
        allocations.allocated_effective_cost,
        coalesce(allocations.cluster, allocations.bucket, allocations.rule) as place,
        allocations.method = 'missing_driver' as is_without_driver
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

),

summed as (

    select
        metric,
        charge_date,
        billing_currency,
        entity,
        is_shared,
        place,
        is_without_driver,
        sum(cost) as cost,
        sum(effective_cost) as effective_cost,
        {{ sum_of_use("'credits'") }} as credit_cost,
        {{ sum_of_use("'tax'") }} as tax_cost
    from selected
    group by
        metric,
        charge_date,
        billing_currency,
        entity,
        is_shared,
        place,
        is_without_driver

),

-- a metric that takes cost of nobody, too, has that of these places
metric_places as (

    select
        metric,
        {{ month_of('charge_date') }} as month,
        place
    from summed
    group by
        metric,
        {{ month_of('charge_date') }},
        place
    having max(case when is_without_driver then 1 else 0 end) = 0

),

days_without_driver as (

    select distinct
        metric_places.metric,
        places_without_driver.charge_date
    from metric_places
    inner join places_without_driver
        on
            metric_places.place = places_without_driver.place
            and metric_places.month = places_without_driver.month

)

select
    {{ digest(['summed.metric', 'summed.charge_date', 'summed.billing_currency', 'summed.entity']) }} as pool_id,
    summed.metric,
    summed.charge_date,
    summed.billing_currency,
    summed.entity,
    summed.is_shared,
    cast(sum(summed.cost) as {{ money_type() }}) as cost,
    cast(sum(summed.effective_cost) as {{ money_type() }}) as effective_cost,
    cast(sum(summed.credit_cost) as {{ money_type() }}) as credit_cost,
    cast(sum(summed.tax_cost) as {{ money_type() }}) as tax_cost,
    max(case when days_without_driver.metric is null then 0 else 1 end) = 1 as has_cost_without_driver
from summed
left join days_without_driver
    on
        summed.metric = days_without_driver.metric
        and summed.charge_date = days_without_driver.charge_date
group by
    summed.metric,
    summed.charge_date,
    summed.billing_currency,
    summed.entity,
    summed.is_shared
