-- What is watched day by day: usage cost, as money, quantity and number of lines, by everything that answers for it.
-- Charges give what was bought (total, provider, account, service, SKU), the ledger who used it (team, project, model,
-- dataset, GPU cluster, owner tags).
with deliveries as (

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

-- Twelve to fifteen months tell what is usual; what was usual before tells nothing any more. They begin with a quarter:
-- a day that has the same past tomorrow need not be judged again.
oldest as (

    select {{ first_day_watched('min(last_day)') }} as first_day
    from sources

),

charges as (

    select charges.*
    from {{ ref('int_charges_by_day') }} as charges
    cross join oldest
    where charges.charge_date >= oldest.first_day

),

allocations as (

    select allocations.*
    from {{ ref('int_allocations_by_day') }} as allocations
    cross join oldest
    where allocations.charge_date >= oldest.first_day

),

{{ daily_series_of_charges() }},

{{ daily_series_of_owners() }},

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

{{ lateness_of_sources() }},

-- since when there is anything to be new beside: a source that came later does not make its teams and SKUs anomalies
first_days as (

    select
        charges.source_name,
        charges.provider_name,
        min(charges.charge_date) as first_day
    from {{ ref('int_charges_by_day') }} as charges
    inner join sources
        on charges.source_name = sources.source_name
    where charges.is_usage and charges.charge_date <= sources.last_day
    group by
        charges.source_name,
        charges.provider_name

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

),

watched as (

    select
        series.*,
        coalesce(providers.first_day, company_start.first_day) as known_since,
        sources.source_name as feed,
        coalesce(sources.last_day, company.last_day) as last_day,
        coalesce(sources.as_of, company.as_of) as as_of
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

)

select
    watched.scope,
    watched.entity,
    watched.metric,
    watched.source_name,
    watched.provider_name,
    watched.service_name,
    watched.billing_currency,
    watched.charge_date,
    watched.cost,
    watched.usage,
    watched.row_count,
    greatest(watched.known_since, {{ first_day_watched('watched.last_day') }}) as first_day,
    watched.last_day,
    watched.as_of,
    cast(first_morning.first_share as double) as first_share,
    cast(second_morning.second_share as double) as second_share
from watched
left join lateness as first_morning
    on watched.feed = first_morning.source_name and watched.charge_date + 1 = first_morning.delivered_on
left join lateness as second_morning
    on watched.feed = second_morning.source_name and watched.charge_date + 2 = second_morning.delivered_on
where watched.charge_date between {{ first_day_watched('watched.last_day') }} and watched.last_day
