-- What the business counts: one row per day, metric and entity, with the definition of the metric from metrics.yaml. A
-- metric that is counted and not defined stays, without a definition; one that is defined and never counted is absent.
{%- set currencies = "count(distinct case when revenue is not null then coalesce(currency, '') end)" %}

with business_metric as (

    select * replace (upper(trim(currency)) as currency)
    from {{ ref('stg_usage__business_metric') }}

),

metrics as (

    select * from {{ ref('stg_metrics') }}

),

counted as (

    select
        usage_date,
        metric,
        entity,
        case when {{ currencies }} = 1 then max(case when revenue is not null then currency end) end
            as revenue_currency,
        cast(sum(quantity) as {{ money_type() }}) as quantity,
        cast(case when {{ currencies }} = 1 then sum(revenue) end as {{ money_type() }}) as revenue,
        count(revenue) > 0 as has_revenue
    from business_metric
    group by
        usage_date,
        metric,
        entity

)

select
    counted.usage_date,
    coalesce(metrics.metric, counted.metric) as metric,
    counted.metric as quantity_metric,
    counted.entity,
    counted.revenue_currency,
    metrics.basis,
    metrics.split,
    counted.quantity,
    counted.revenue,
    counted.has_revenue,
    metrics.metric is not null as is_defined
from counted
left join metrics
    on counted.metric = metrics.quantity_metric
-- a definition that counts another metric of the feed says that its namesake is not what it means
where metrics.metric is not null or counted.metric not in (select defined.metric from metrics as defined)
