-- What is watched day by day: usage cost, as money, quantity and number of lines, by everything that answers for it.
-- Charges give what was bought (total, provider, account, service, SKU), the ledger who used it (team, project, model,
-- dataset, GPU cluster, owner tags).
with charges as (

    select * from {{ ref('focus_cost_and_usage') }}

),

allocations as (

    select * from {{ ref('fct_cost_allocations') }}

),

pools as (

    select
        pool_id,
        cluster
    from {{ ref('int_pools') }}

),

deliveries as (

    select
        *,
        cast(coalesce(submitted_at, seen_at) as date) as delivered_on
    from {{ landed(source('raw', 'deliveries')) }}
    where provider <> 'usage' and status <> 'removed'

),

-- nothing later than this can be in the bill: the day before the newest delivery, within the months that were delivered
sources as (

    select
        source_name,
        least(max(delivered_on) - 1, last_day(cast(max(billing_period) || '-01' as date))) as last_day,
        max(delivered_on) as as_of
    from deliveries
    where status = 'live'
    group by source_name

),

-- taxes, credits, purchases and fees fall on one day of the month by nature: what people use is watched
charges_by_day as (

    select
        charges.x_SourceName as source_name,
        charges.ProviderName as provider_name,
        coalesce(charges.SubAccountId, charges.BillingAccountId) as account,
        charges.ServiceName as service_name,
        coalesce(charges.SkuMeter, charges.SkuId) as sku,
        charges.BillingCurrency as billing_currency,
        charges.x_ChargeDate as charge_date,
        charges.ConsumedUnit as usage_unit,
        sum(charges.EffectiveCost) as cost,
        sum(charges.ConsumedQuantity) as usage,
        count(*) as row_count
    from charges
    inner join sources
        on charges.x_SourceName = sources.source_name
    where charges.ChargeCategory = 'Usage' and charges.x_ChargeDate <= sources.last_day
    group by
        charges.x_SourceName,
        charges.ProviderName,
        coalesce(charges.SubAccountId, charges.BillingAccountId),
        charges.ServiceName,
        coalesce(charges.SkuMeter, charges.SkuId),
        charges.BillingCurrency,
        charges.x_ChargeDate,
        charges.ConsumedUnit

),

charge_series as (

    select
        case
            when grouping(sku) = 0 then 'sku'
            when grouping(service_name) = 0 then 'service'
            when grouping(account) = 0 then 'account'
            when grouping(provider_name) = 0 then 'provider'
            else 'total'
        end as scope,
        case
            when grouping(sku) = 0 then sku
            when grouping(service_name) = 0 then service_name
            when grouping(account) = 0 then account
            when grouping(provider_name) = 0 then provider_name
            else 'total'
        end as entity,
        source_name,
        provider_name,
        service_name,
        billing_currency,
        charge_date,
        sum(cost) as cost,
        -- quantities add up within one unit only
        case when grouping(sku) = 0 and count(distinct usage_unit) = 1 then sum(usage) end as usage,
        cast(sum(row_count) as bigint) as row_count
    from charges_by_day
    group by grouping sets (
        (billing_currency, charge_date),
        (provider_name, billing_currency, charge_date),
        (source_name, account, billing_currency, charge_date),
        (provider_name, service_name, billing_currency, charge_date),
        (provider_name, service_name, sku, billing_currency, charge_date)
    )

),

allocations_by_day as (

    select
        allocations.provider_name,
        allocations.team,
        allocations.project,
        allocations.model_name,
        allocations.dataset,
        pools.cluster,
        allocations.is_idle,
        allocations.is_unallocated,
        allocations.billing_currency,
        allocations.charge_date,
        sum(allocations.allocated_effective_cost) as cost,
        sum(allocations.driver_quantity) filter (
            allocations.driver = 'gpu_hours' and not allocations.is_idle
        ) as gpu_hours
    from allocations
    inner join sources
        on allocations.source_name = sources.source_name
    left join pools
        on allocations.origin_pool_id = pools.pool_id
    where allocations.charge_category = 'Usage' and allocations.charge_date <= sources.last_day
    group by all

),

consumer_series as (

    select
        case
            when grouping(team) = 0 then 'team'
            when grouping(project) = 0 then 'project'
            when grouping(model_name) = 0 then 'model'
            else 'dataset'
        end as scope,
        coalesce(team, project, model_name, dataset) as entity,
        billing_currency,
        charge_date,
        sum(cost) as cost
    from allocations_by_day
    group by grouping sets (
        (team, billing_currency, charge_date),
        (project, billing_currency, charge_date),
        (model_name, billing_currency, charge_date),
        (dataset, billing_currency, charge_date)
    )
    having coalesce(team, project, model_name, dataset) is not null

),

cluster_series as (

    select
        cluster as entity,
        billing_currency,
        charge_date,
        sum(cost) as cost,
        sum(gpu_hours) as gpu_hours,
        sum(cost) filter (is_idle) as idle_cost
    from allocations_by_day
    where cluster is not null
    group by cluster, billing_currency, charge_date
    having sum(gpu_hours) is not null

),

untagged_series as (

    select
        provider_name as entity,
        billing_currency,
        charge_date,
        sum(cost) as cost,
        sum(cost) filter (is_unallocated) as untagged_cost
    from allocations_by_day
    group by provider_name, billing_currency, charge_date

),

series as (

    select
        scope,
        entity,
        'cost' as metric,
        source_name,
        provider_name,
        service_name,
        billing_currency,
        charge_date,
        cost,
        cast(usage as double) as usage,
        row_count
    from charge_series
    where entity is not null

    union all by name

    select
        *,
        'cost' as metric
    from consumer_series

    union all by name

    -- cost for a GPU-hour is the cluster's unit cost
    select
        'gpu_cluster' as scope,
        entity,
        'cost' as metric,
        billing_currency,
        charge_date,
        cost,
        cast(gpu_hours as double) as usage
    from cluster_series

    union all by name

    -- idle cost for a unit of cost is the idle share
    select
        'gpu_cluster' as scope,
        entity,
        'idle_share' as metric,
        billing_currency,
        charge_date,
        coalesce(idle_cost, 0) as cost,
        cast(cost as double) as usage
    from cluster_series

    union all by name

    select
        'tag_coverage' as scope,
        entity,
        'untagged_share' as metric,
        entity as provider_name,
        billing_currency,
        charge_date,
        coalesce(untagged_cost, 0) as cost,
        cast(cost as double) as usage
    from untagged_series

),

-- what a month's delivery of some morning lacked of the days before it, once they were known: the feed's lateness
costs_by_period_and_day as (

    select
        x_SourceName as source_name,
        x_BillingPeriod as billing_period,
        x_ChargeDate as charge_date,
        sum(EffectiveCost) as cost
    from charges
    group by x_SourceName, x_BillingPeriod, x_ChargeDate

),

mornings as (

    select
        deliveries.source_name,
        deliveries.billing_period,
        deliveries.delivered_on,
        max_by(totals.total.raw_cost, coalesce(deliveries.submitted_at, deliveries.seen_at)) as delivered_cost
    from deliveries
    cross join unnest(deliveries.totals) as totals (total)
    where totals.total.cost_basis = 'effective'
    group by deliveries.source_name, deliveries.billing_period, deliveries.delivered_on
    having count(distinct totals.total.billing_currency) = 1

),

lacking as (

    select
        mornings.source_name,
        mornings.delivered_on,
        sum(days.cost) - any_value(mornings.delivered_cost) as lacking_cost,
        coalesce(sum(days.cost) filter (days.charge_date = mornings.delivered_on - 1), 0) as first_day_cost,
        coalesce(sum(days.cost) filter (days.charge_date = mornings.delivered_on - 2), 0) as second_day_cost
    from mornings
    inner join costs_by_period_and_day as days
        on
            mornings.source_name = days.source_name
            and mornings.billing_period = days.billing_period
            and mornings.delivered_on > days.charge_date
    where mornings.billing_period = {{ month_of('mornings.delivered_on - 1') }}
    group by mornings.source_name, mornings.delivered_on

),

-- the newest day is taken to lack first; more than two days' worth is no lateness but a restatement
lateness as (

    select
        source_name,
        delivered_on,
        greatest(0, 1 - lacking_cost / nullif(first_day_cost, 0)) as first_share,
        least(1, 1 - (lacking_cost - first_day_cost) / nullif(second_day_cost, 0)) as second_share
    from lacking
    where lacking_cost between 0 and first_day_cost + second_day_cost

),

-- since when there is anything to be new beside: a source that came later does not make its teams and SKUs anomalies
first_days as (

    select
        source_name,
        provider_name,
        min(charge_date) as first_day
    from charges_by_day
    group by source_name, provider_name

),

providers as (

    select
        provider_name,
        min(source_name) as source_name,
        count(distinct source_name) as sources,
        max(first_day) as first_day
    from first_days
    group by provider_name

),

-- a source that delivers no more does not hold up the others
newest as (

    select max(as_of) - 10 as living_since
    from sources

),

company as (

    select
        min(sources.last_day) as last_day,
        min(sources.as_of) as as_of
    from sources
    cross join newest
    where sources.as_of > newest.living_since

),

company_start as (

    select max(first_day) as first_day
    from first_days

)

select
    series.scope,
    series.entity,
    series.metric,
    series.source_name,
    series.provider_name,
    series.service_name,
    series.billing_currency,
    series.charge_date,
    series.cost,
    series.usage,
    series.row_count,
    greatest(
        coalesce(providers.first_day, company_start.first_day), coalesce(sources.last_day, company.last_day) - 399
    ) as first_day,
    coalesce(sources.last_day, company.last_day) as last_day,
    coalesce(sources.as_of, company.as_of) as as_of,
    cast(first_morning.first_share as double) as first_share,
    cast(second_morning.second_share as double) as second_share
from series
left join providers
    on series.provider_name = providers.provider_name
left join sources
    on
        sources.source_name = coalesce(
            series.source_name,
            case when providers.sources = 1 then providers.source_name end
        )
cross join company
cross join company_start
left join lateness as first_morning
    on sources.source_name = first_morning.source_name and series.charge_date + 1 = first_morning.delivered_on
left join lateness as second_morning
    on sources.source_name = second_morning.source_name and series.charge_date + 2 = second_morning.delivered_on
-- 400 days tell what is usual; what was usual before tells nothing any more
where
    series.charge_date <= coalesce(sources.last_day, company.last_day)
    and series.charge_date > coalesce(sources.last_day, company.last_day) - 400
