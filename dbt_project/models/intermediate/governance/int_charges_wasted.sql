-- Charges that bought nothing, of pools that one owner carries as a whole: only there can an amount be told apart by
-- its charges. The first kind that fits wins, in the order of `judged_charges`. One row per amount of the ledger,
-- kind, resource and owner.
{{ config(materialized='ephemeral') }}

with allocations as (

    select * from {{ ref('fct_cost_allocations') }}

),

charges as (

    select
        charges.*,
        {{ resource_role('charges.sku_meter', 'charges.service_subcategory') }} as resource_role,
        coalesce(charges.resource_name, {{ last_path_segment('charges.resource_id') }}) as short_name
    from {{ ref('int_charges_assigned_to_pools') }} as charges
    where charges.charge_category = 'Usage'

),

inference as (

    select * from {{ ref('stg_usage__inference') }}

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

resource_days as (

    select
        source_name,
        resource_id,
        charge_date,
        sum(
            case when resource_role = 'notebook' and consumed_unit = 'Hours' then consumed_quantity end
        ) as notebook_hours,
        bool_or(capacity_type is not null) as has_machine_hours,
        min(case when bool_or(capacity_type is not null) then charge_date end) over (
            partition by source_name, resource_id
        ) as first_machine_date
    from charges
    where resource_id is not null and effective_cost > 0
    group by
        source_name,
        resource_id,
        charge_date

),

-- days without a gap on which a notebook was billed around the clock
notebook_days as (

    select
        source_name,
        resource_id,
        charge_date,
        count(*) over (
            partition by
                source_name,
                resource_id,
                {{ days_before('charge_date', 'place') }}
        ) as days_in_a_row
    from (
        select
            *,
            row_number() over (partition by source_name, resource_id order by charge_date) as place
        from resource_days
        where notebook_hours >= 23
    ) as around_the_clock

),

-- an endpoint is only judged on days on which the feed speaks of others, and if it ever speaks of this one
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
        notebook_days.days_in_a_row,
        resource_days.first_machine_date,
        charges.sub_account_id,
        charges.region_id,
        case
            when charges.capacity_reservation_status = 'Unused' then 'unused_reservation'
            when charges.resource_role = 'address' then 'idle_address'
            when
                charges.resource_role = 'disk'
                and machine_days.charge_date is null
                and charges.region_id is not null
                -- a bill without any machine may call them something else
                and charges.source_name in (select with_machines.source_name from machine_days as with_machines)
                then 'disk_without_machine'
            when
                not resource_days.has_machine_hours
                and resource_days.first_machine_date < charges.charge_date
                then 'stopped_but_billed'
            when charges.resource_role = 'notebook' and notebook_days.days_in_a_row >= 7 then 'notebook_never_stopped'
            when
                charges.resource_role = 'endpoint'
                and coalesce(served.requests, 0) = 0
                and lower(charges.short_name) in (select known.endpoint from served as known)
                and charges.charge_date in (select known.charge_date from served as known)
                then 'endpoint_without_requests'
        end as waste_kind
    from charges
    inner join whole_pools
        on charges.pool_id = whole_pools.pool_id
    left join machine_days
        on
            charges.source_name = machine_days.source_name
            and charges.sub_account_id is not distinct from machine_days.sub_account_id
            and charges.region_id = machine_days.region_id
            and charges.charge_date = machine_days.charge_date
    left join resource_days
        on
            charges.source_name = resource_days.source_name
            and charges.resource_id = resource_days.resource_id
            and charges.charge_date = resource_days.charge_date
    left join notebook_days
        on
            charges.source_name = notebook_days.source_name
            and charges.resource_id = notebook_days.resource_id
            and charges.charge_date = notebook_days.charge_date
    left join served
        on
            charges.charge_date = served.charge_date
            and lower(charges.short_name) = served.endpoint
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
            when 'unused_reservation' then 'the bill calls this reserved capacity unused'
            when 'idle_address' then 'the meter is that of an address nothing uses'
            when 'disk_without_machine'
                then 'no machine was billed on this day in account ' || coalesce(max(sub_account_id), '?')
                    || ', region ' || max(region_id)
            when 'stopped_but_billed'
                then 'machine hours were billed from ' || cast(max(first_machine_date) as string)
                    || ', none on this day'
            when 'notebook_never_stopped'
                then 'billed around the clock on ' || cast(max(days_in_a_row) as string) || ' days in a row'
            when 'endpoint_without_requests' then 'the inference feed has no request of it on this day'
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
