-- Charges that bought nothing, of pools that one owner carries as a whole: only there can an amount be told apart by
-- its charges. The first kind that fits wins, in the order of `judged_charges`. One row per amount of the ledger,
-- kind, resource and owner.
--
-- A month is judged by itself and the {{ waste_looks_back() }} months before it, never by later ones.
{{ config(materialized='ephemeral') }}

with allocations as (

    select * from {{ ref('fct_cost_allocations') }}
    where {{ is_of_months_made('charge_date', following=waste_looks_back()) }}

),

charges as (

    select
        charges.*,
        {{ resource_role('charges.sku_meter', 'charges.service_subcategory') }} as resource_role,
        coalesce(charges.resource_name, {{ last_path_segment('charges.resource_id') }}) as short_name,
        cast(date_trunc('month', charges.charge_date) as date) as month
    from {{ ref('int_charges_assigned_to_pools') }} as charges
    where
        charges.charge_category = 'Usage'
        and {{ is_of_months_made('charges.charge_date', following=waste_looks_back()) }}

),

resource_days as (

    select
        *,
        cast(date_trunc('month', charge_date) as date) as month
    from {{ ref('int_resource_days') }}
    where {{ is_looked_back_at('charge_date', waste_looks_back()) }}

),

months as (

    select
        month,
        {{ months_before('month', waste_looks_back()) }} as first_month
    from (select distinct month from charges) as charge_months

),

inference as (

    select * from {{ ref('stg_usage__inference') }}
    where {{ is_looked_back_at('cast(usage_start as date)', waste_looks_back()) }}

),

-- the ledger's amounts that are a pool as it was billed: the charges in it can be told apart
whole_pools as (

    select *
    from allocations
    where
        not is_idle
        and parent_allocation_id is null
        and pool_id = origin_pool_id
        and method in ('owner_tag', 'owner_rule', 'no_owner')
    qualify count(*) over (partition by origin_pool_id) = 1

),

machine_days as (

    select distinct
        source_name,
        sub_account_id,
        region_id,
        charge_date
    from charges
    where service_subcategory = 'Virtual Machines' and resource_id is not null

),

-- when a resource that is billed in a month had machine hours first
first_machine_days as (

    select
        months.month,
        resource_days.source_name,
        resource_days.resource_id,
        min(resource_days.charge_date) as first_machine_date
    from resource_days
    inner join months
        on resource_days.month between months.first_month and months.month
    where resource_days.has_machine_hours
    group by
        months.month,
        resource_days.source_name,
        resource_days.resource_id

),

-- days without a gap on which a notebook was billed around the clock
notebook_streaks as (

    select
        source_name,
        resource_id,
        min(charge_date) as first_date,
        max(charge_date) as last_date
    from (
        select
            *,
            row_number() over (partition by source_name, resource_id order by charge_date) as place
        from resource_days
        where is_notebook_around_the_clock
    ) as around_the_clock
    group by
        source_name,
        resource_id,
        {{ days_before('charge_date', 'place') }}

),

sources_with_machines as (

    select distinct
        months.month,
        resource_days.source_name
    from resource_days
    inner join months
        on resource_days.month between months.first_month and months.month
    where resource_days.is_virtual_machine

),

-- an endpoint is only judged on days on which the feed speaks of others, and if it speaks of this one at some time
served as (

    select
        lower(endpoint) as endpoint,
        cast(usage_start as date) as charge_date,
        sum(requests) as requests
    from inference
    group by
        lower(endpoint),
        cast(usage_start as date)

),

known_endpoints as (

    select distinct
        months.month,
        served.endpoint
    from served
    inner join months
        on served.charge_date between months.first_month and last_day(months.month)

),

served_days as (

    select
        charge_date,
        sum(requests) as requests
    from served
    group by charge_date

),

judged_charges as (

    select
        whole_pools.allocation_id,
        charges.resource_id,
        charges.short_name,
        charges.team,
        charges.project,
        charges.environment,
        charges.effective_cost,
        case when charges.consumed_unit = 'Hours' then charges.consumed_quantity end as hours,
        -- greatest() and least() pass over nulls
        case
            when notebook_streaks.first_date is not null
                then {{ days_between(
                    'greatest(notebook_streaks.first_date, months.first_month)',
                    'least(notebook_streaks.last_date, last_day(months.month))',
                ) }} + 1
        end as days_in_a_row,
        first_machine_days.first_machine_date,
        charges.sub_account_id,
        charges.region_id,
        charges.sku_meter,
        served_days.requests as requests_of_day,
        case
            when charges.capacity_reservation_status = 'Unused' then 'unused_reservation'
            when charges.resource_role = 'address' then 'idle_address'
            when
                charges.resource_role = 'disk'
                and machine_days.charge_date is null
                and charges.region_id is not null
                -- a bill without any machine may call them something else
                and sources_with_machines.source_name is not null
                then 'disk_without_machine'
            when
                not coalesce(resource_days.has_machine_hours, false)
                and first_machine_days.first_machine_date < charges.charge_date
                then 'stopped_but_billed'
            when charges.resource_role = 'notebook' and days_in_a_row >= 7 then 'notebook_never_stopped'
            when
                charges.resource_role = 'endpoint'
                and coalesce(served.requests, 0) = 0
                and known_endpoints.endpoint is not null
                and served_days.charge_date is not null
                then 'endpoint_without_requests'
        end as waste_kind
    from charges
    inner join whole_pools
        on charges.pool_id = whole_pools.pool_id
    inner join months
        on charges.month = months.month
    left join machine_days
        on
            charges.source_name = machine_days.source_name
            and charges.sub_account_id is not distinct from machine_days.sub_account_id
            and charges.region_id = machine_days.region_id
            and charges.charge_date = machine_days.charge_date
    left join sources_with_machines
        on
            charges.source_name = sources_with_machines.source_name
            and months.month = sources_with_machines.month
    left join resource_days
        on
            charges.source_name = resource_days.source_name
            and charges.resource_id = resource_days.resource_id
            and charges.charge_date = resource_days.charge_date
    left join first_machine_days
        on
            charges.source_name = first_machine_days.source_name
            and charges.resource_id = first_machine_days.resource_id
            and months.month = first_machine_days.month
    left join notebook_streaks
        on
            charges.source_name = notebook_streaks.source_name
            and charges.resource_id = notebook_streaks.resource_id
            and charges.charge_date between notebook_streaks.first_date and notebook_streaks.last_date
    left join served
        on
            charges.charge_date = served.charge_date
            and lower(charges.short_name) = served.endpoint
    left join served_days
        on charges.charge_date = served_days.charge_date
    left join known_endpoints
        on
            lower(charges.short_name) = known_endpoints.endpoint
            and months.month = known_endpoints.month
    where charges.resource_id is not null and charges.effective_cost > 0

),

wasted_charges as (

    select
        allocation_id,
        waste_kind,
        short_name as subject,
        resource_id,
        team,
        project,
        environment,
        sum(hours) as quantity,
        case when count(hours) > 0 then 'Hours' end as quantity_unit,
        case waste_kind
            when 'unused_reservation'
                then 'the bill calls this reserved capacity unused' || coalesce(': ' || max(sku_meter), '')
            when 'idle_address'
                then 'its meter is that of an address nothing uses' || coalesce(': ' || max(sku_meter), '')
            when 'disk_without_machine'
                then coalesce(max(sku_meter), 'a disk') || ' was billed, and no machine on this day in account '
                    || coalesce(max(sub_account_id), '?') || ', region ' || max(region_id)
            when 'stopped_but_billed'
                then 'machine hours were billed from ' || cast(max(first_machine_date) as string)
                    || ', none on this day, but ' || coalesce(max(sku_meter), 'something else')
            when 'notebook_never_stopped'
                then 'billed around the clock on ' || cast(max(days_in_a_row) as string) || ' days in a row'
            when 'endpoint_without_requests'
                then 'the inference feed has no request of it on this day, and '
                    || cast(cast(max(requests_of_day) as bigint) as string) || ' of others'
        end as evidence,
        cast(sum(effective_cost) as {{ money_type() }}) as effective_cost,
        cast(sum(effective_cost) as {{ money_type() }}) as avoidable_cost
    from judged_charges
    where waste_kind is not null
    group by
        allocation_id,
        waste_kind,
        short_name,
        resource_id,
        team,
        project,
        environment

)

select * from wasted_charges
