{{ config(materialized='kept_months', kept_by='charge_date', side_file='metrics') }}
with parts as (

    select * from {{ ref('int_metric_costs_split_over_entities') }}
    where {{ is_of_months_made('charge_date') }}

),

quantities as (

    select * from {{ ref('int_metric_quantities') }}
    where {{ is_of_months_made('usage_date') }}

),

metrics as (

    select * from {{ ref('stg_metrics') }}

),

side_by_side as (

    select
        coalesce(parts.charge_date, quantities.usage_date) as charge_date,
        coalesce(parts.metric, quantities.metric) as metric,
        coalesce(parts.entity, quantities.entity) as entity,
        parts.billing_currency,
        parts.share,
        parts.cost,
        parts.effective_cost,
        parts.credit_cost,
        parts.tax_cost,
        parts.has_cost_without_driver,
        quantities.quantity,
        quantities.revenue_currency,
        quantities.revenue,
        count(*) over (
            partition by
                coalesce(parts.charge_date, quantities.usage_date),
                coalesce(parts.metric, quantities.metric),
                coalesce(parts.entity, quantities.entity)
        ) as currencies
    from parts
    full outer join quantities
        on
            parts.charge_date = quantities.usage_date
            and parts.metric = quantities.metric
            and parts.entity = quantities.entity

),

explained as (

    select
        side_by_side.*,
        metrics.unit,
        metrics.owner,
        metrics.basis,
        metrics.split,
        case
            when side_by_side.revenue_currency = side_by_side.billing_currency then side_by_side.revenue
        end as revenue_in_currency,
        case
            when metrics.metric is null then 'metrics.yaml does not define this metric'
            when side_by_side.entity is null and metrics.split not in ('quantity', 'revenue', 'evenly')
                then 'the ledger names no ' || metrics.split || ' for this cost'
            when side_by_side.entity is null and metrics.split = 'revenue'
                then 'no revenue on this day, or revenue in several currencies'
            when side_by_side.quantity is null then 'no quantity of this metric in the feeds on this day'
            when side_by_side.quantity = 0 then 'a quantity of 0 on this day'
            when side_by_side.cost is null then 'no cost in the ledger for this metric and entity on this day'
            when side_by_side.has_cost_without_driver
                then 'some of its cost has no driver on this day: telemetry is missing'
            when side_by_side.currencies > 1 then 'billed in several currencies: quantities count in each'
        end as reason
    from side_by_side
    left join metrics
        on side_by_side.metric = metrics.metric

)

select
    explained.charge_date,
    {{ month_of('explained.charge_date') }} as billing_period,
    explained.metric,
    explained.entity,
    explained.unit,
    explained.owner,
    explained.basis as cost_basis,
    explained.split as split_method,
    explained.billing_currency,
    explained.reason,
    explained.cost,
    explained.effective_cost,
    explained.credit_cost,
    explained.tax_cost,
    explained.share,
    explained.quantity,
    explained.revenue_in_currency as revenue,
    explained.revenue_currency,
    cast(explained.revenue_in_currency - explained.cost as {{ money_type() }}) as margin,
    {{ unit_cost('explained.cost', 'explained.quantity') }} as unit_cost,
    {{ unit_cost('explained.revenue_in_currency', 'explained.quantity') }} as revenue_per_unit,
    {{ unit_cost('explained.revenue_in_currency', 'explained.cost') }} as return_on_cost,
    {{ reporting_columns('explained', ['cost', 'effective_cost'], 'charge_date') }},
    false as is_additive,
    explained.reason is null as is_complete
from explained
cross join {{ reporting_settings() }} as settings
