-- Money that bought nothing, or more than was needed, as parts of the ledger. A part is in one kind: idle rows of the
-- ledger first; then, in pools that one owner carries as a whole, the first of the kinds of `judged_charges` that fits
-- a charge; then expired bytes of split buckets and on-demand hours of split machines. What a bill or feed does not say
-- (which disk hangs on which machine, who looks at a dashboard) is not guessed.
with allocations as (

    select * from {{ ref('fct_cost_allocations') }}

),

charge_pools as (

    select * from {{ ref('int_charges_assigned_to_pools') }}

),

charges as (

    select
        charges.*,
        charge_pools.pool_id,
        {{ resource_role('charges.sku_meter', 'charges.service_subcategory') }} as resource_role,
        coalesce(charges.resource_name, {{ last_path_segment('charges.resource_id') }}) as short_name
    from {{ ref('int_charges_attributed_to_owners') }} as charges
    inner join charge_pools
        on charges.charge_id = charge_pools.charge_id
    where charges.charge_category = 'Usage'

),

inference as (

    select * from {{ ref('stg_usage__inference') }}

),

storage_unit_costs as (

    select * from {{ ref('fct_storage_unit_costs') }}

),

-- who runs the machines of a pool, by the tags on them
pool_owners as (

    select
        pool_id,
        team,
        project,
        environment
    from charges
    where team is not null
    group by
        pool_id,
        team,
        project,
        environment
    qualify row_number() over (
        partition by pool_id
        order by sum(effective_cost) desc, team asc, project asc, environment asc
    ) = 1

),

idle as (

    select
        allocations.allocation_id,
        allocations.idle_type as waste_kind,
        coalesce(
            allocations.commitment_discount_id,
            allocations.cluster || ' ' || allocations.gpu_model || ' ' || allocations.capacity_type,
            allocations.cluster,
            allocations.service_name
        ) as subject,
        cast(null as string) as resource_id,
        coalesce(allocations.team, pool_owners.team) as team,
        coalesce(allocations.project, pool_owners.project) as project,
        coalesce(allocations.environment, pool_owners.environment) as environment,
        case when allocations.driver = 'gpu_hours' then allocations.driver_quantity end as quantity,
        case when allocations.driver = 'gpu_hours' then 'GPU-Hours' end as quantity_unit,
        case
            when allocations.driver = 'gpu_hours'
                then round(cast(allocations.driver_quantity as double), 1) || ' of '
                    || round(cast(allocations.driver_total as double), 1) || ' GPU-hours paid for were idle'
            when allocations.commitment_discount_id is not null then 'the bill lists this part of the fee as unused'
            else 'the ledger holds this cost as idle'
        end as evidence,
        allocations.allocated_effective_cost as effective_cost,
        allocations.allocated_effective_cost as avoidable_cost
    from allocations
    left join pool_owners
        on allocations.origin_pool_id = pool_owners.pool_id
    where allocations.is_idle and allocations.allocated_effective_cost > 0

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

),

expired as (

    select
        allocations.allocation_id,
        'dataset_past_retention' as waste_kind,
        allocations.dataset as subject,
        cast(null as string) as resource_id,
        allocations.team,
        allocations.project,
        allocations.environment,
        cast(null as {{ money_type() }}) as quantity,
        cast(null as string) as quantity_unit,
        'at most '
        || round(cast(storage_unit_costs.retention_saving_at_most as double)
            / cast(storage_unit_costs.stored_cost as double) * 100, 1)
        || ' % of its bytes are older than ' || cast(storage_unit_costs.retention_days as string) || ' days'
        || coalesce(
            ', last read ' || cast(storage_unit_costs.days_since_last_access as string) || ' days before', ''
        ) as evidence,
        -- cut off, so that the part is never more than the amount it is of
        least(
            allocations.allocated_effective_cost,
            cast(
                floor(
                    cast(allocations.allocated_effective_cost as double) * 1000000
                    * cast(storage_unit_costs.retention_saving_at_most as double)
                    / cast(storage_unit_costs.stored_cost as double)
                ) / 1000000
                as {{ money_type() }}
            )
        ) as effective_cost
    from allocations
    inner join storage_unit_costs
        on
            allocations.charge_date = storage_unit_costs.charge_date
            and allocations.billing_currency = storage_unit_costs.billing_currency
            and allocations.dataset = storage_unit_costs.dataset
            and allocations.team is not distinct from storage_unit_costs.team
    where
        allocations.method = 'byte_hours'
        and not allocations.is_idle
        and not allocations.is_unallocated
        and allocations.charge_category = 'Usage'
        and allocations.allocated_effective_cost > 0
        and storage_unit_costs.retention_saving_at_most > 0

),

held_hours as (

    select
        *,
        capacity_type = 'spot' as is_spot
    from allocations
    where driver = 'gpu_hours' and charge_category = 'Usage' and driver_quantity > 0

),

spot_workloads as (

    select
        workload,
        gpu_model,
        min(charge_date) as first_date
    from held_hours
    where is_spot and workload is not null
    group by
        workload,
        gpu_model

),

-- what an hour of the same GPU cost on the company's own spot machines in that month, idle hours included
spot_prices as (

    select
        provider_name,
        gpu_model,
        billing_period,
        billing_currency,
        sum(cast(allocated_effective_cost as double)) / sum(cast(driver_quantity as double)) as price
    from held_hours
    where is_spot
    group by
        provider_name,
        gpu_model,
        billing_period,
        billing_currency

),

interruptible as (

    select
        held_hours.allocation_id,
        'on_demand_ran_on_spot' as waste_kind,
        held_hours.workload as subject,
        cast(null as string) as resource_id,
        held_hours.team,
        held_hours.project,
        held_hours.environment,
        held_hours.driver_quantity as quantity,
        'GPU-Hours' as quantity_unit,
        'the same workload runs on spot machines of this GPU from ' || cast(spot_workloads.first_date as string)
        || coalesce(', at ' || round(spot_prices.price, 4) || ' an hour', '') as evidence,
        held_hours.allocated_effective_cost as effective_cost,
        cast(
            greatest(
                0,
                floor((
                    cast(held_hours.allocated_effective_cost as double)
                    - cast(held_hours.driver_quantity as double) * spot_prices.price
                ) * 1000000) / 1000000
            )
            as {{ money_type() }}
        ) as avoidable_cost
    from held_hours
    inner join spot_workloads
        on
            held_hours.workload = spot_workloads.workload
            and held_hours.gpu_model = spot_workloads.gpu_model
    left join spot_prices
        on
            held_hours.provider_name = spot_prices.provider_name
            and held_hours.gpu_model = spot_prices.gpu_model
            and held_hours.billing_period = spot_prices.billing_period
            and held_hours.billing_currency = spot_prices.billing_currency
    where
        held_hours.capacity_type = 'on_demand'
        and not held_hours.is_idle
        and held_hours.allocated_effective_cost > 0

),

parts as (

    select * from idle
    union all
    select * from wasted_charges
    union all
    select
        *,
        effective_cost as avoidable_cost
    from expired
    where effective_cost > 0
    union all
    select * from interruptible

),

findings as (

    select
        {{ digest([
            'parts.allocation_id', 'parts.waste_kind', 'parts.resource_id', 'parts.team', 'parts.project',
            'parts.environment',
        ]) }} as waste_id,
        {{ digest([
            'allocations.source_name', 'allocations.billing_currency', 'parts.waste_kind', 'parts.subject',
            'parts.resource_id', 'parts.team', 'parts.project', 'parts.environment',
        ]) }} as finding_id,
        parts.*,
        allocations.source_name,
        allocations.provider_name,
        allocations.sub_account_id,
        allocations.service_name,
        allocations.billing_currency,
        {{ month_of('allocations.charge_date') }} as month,
        allocations.charge_date
    from parts
    inner join allocations
        on parts.allocation_id = allocations.allocation_id

)

select
    findings.waste_id,
    findings.finding_id,
    findings.allocation_id,
    findings.waste_kind,
    findings.subject,
    findings.resource_id,
    findings.source_name,
    findings.provider_name,
    findings.sub_account_id,
    findings.service_name,
    findings.team,
    findings.project,
    findings.environment,
    findings.billing_currency,
    findings.month,
    findings.evidence,
    findings.quantity,
    findings.quantity_unit,
    findings.effective_cost,
    findings.avoidable_cost,
    cast(sum(findings.avoidable_cost) over (
        partition by findings.finding_id, findings.month
    ) as {{ money_type() }}) as month_avoidable_cost,
    {{ reporting_columns('findings', ['effective_cost', 'avoidable_cost'], 'charge_date') }},
    findings.charge_date
from findings
cross join {{ reporting_settings() }} as settings
