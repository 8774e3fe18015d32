{{ config(materialized='kept_months', kept_by='charge_date', following=waste_looks_back()) }}
-- Money that bought nothing, or more than was needed, as parts of the ledger. A part is in one kind: idle rows of the
-- ledger first; then, in pools that one owner carries as a whole, the first kind of int_charges_wasted that fits a
-- charge; then expired bytes of split buckets and on-demand hours of split machines. What a bill or feed does not say
-- (which disk hangs on which machine, who looks at a dashboard) is not guessed.
--
-- A month is judged by itself and the {{ waste_looks_back() }} months before it, never by later ones: a closed month's
-- waste does not change while its bill does not.
with ledger as (

    select * from {{ ref('fct_cost_allocations') }}

),

allocations as (

    select * from ledger
    where {{ is_of_months_made('charge_date', following=waste_looks_back()) }}

),

wasted_charges as (

    select * from {{ ref('int_charges_wasted') }}

),

charges as (

    select
        charges.pool_id,
        charges.team,
        charges.project,
        charges.environment,
        charges.effective_cost
    from {{ ref('int_charges_assigned_to_pools') }} as charges
    where
        charges.charge_category = 'Usage'
        and {{ is_of_months_made('charges.charge_date', following=waste_looks_back()) }}

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
                    || round(cast(allocations.driver_total as double), 1) || ' GPU-hours paid for were held'
                    || case allocations.idle_type
                        when 'held_idle' then ' by workloads that used nothing'
                        when 'over_requested' then ' beyond what was used'
                        when 'warm_serving' then ' by serving workloads and not used'
                        else ' by nobody'
                    end
                    || coalesce(' (rule ' || allocations.rule || ')', '')
            when allocations.commitment_discount_id is not null
                then 'the bill lists ' || cast(cast(allocations.allocated_effective_cost as decimal(38, 2)) as string)
                    || ' ' || allocations.billing_currency || ' of this day''s fee as unused'
            else 'the ledger holds this cost as idle' || coalesce(' by rule ' || allocations.rule, '')
        end as evidence,
        allocations.allocated_effective_cost as effective_cost,
        allocations.allocated_effective_cost as avoidable_cost
    from allocations
    left join pool_owners
        on allocations.origin_pool_id = pool_owners.pool_id
    where allocations.is_idle and allocations.allocated_effective_cost > 0

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
        || case
            when storage_unit_costs.days_since_last_access > 365 then ', not read for a year'
            when storage_unit_costs.days_since_last_access = 0 then ', read on this day'
            when storage_unit_costs.days_since_last_access is not null
                then ', last read ' || cast(storage_unit_costs.days_since_last_access as string) || ' days before'
            else ''
        end as evidence,
        least(
            allocations.allocated_effective_cost,
            {{ part_of_cost(
                'allocations.allocated_effective_cost',
                'storage_unit_costs.retention_saving_at_most',
                'storage_unit_costs.stored_cost',
            ) }}
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
        and {{ millionths('storage_unit_costs.retention_saving_at_most') }} > 0

),

held_hours as (

    select * from allocations
    where driver = 'gpu_hours' and charge_category = 'Usage' and driver_quantity > 0

),

spot_hours as (

    select
        *,
        cast(date_trunc('month', charge_date) as date) as month
    from ledger
    where
        driver = 'gpu_hours'
        and charge_category = 'Usage'
        and driver_quantity > 0
        and capacity_type = 'spot'

),

months as (

    select distinct cast(date_trunc('month', charge_date) as date) as month
    from held_hours

),

spot_workloads as (

    select
        months.month,
        spot_hours.workload,
        spot_hours.team,
        spot_hours.gpu_model,
        min(spot_hours.charge_date) as first_date
    from spot_hours
    inner join months
        on spot_hours.month between {{ months_before('months.month', waste_looks_back()) }} and months.month
    where spot_hours.workload is not null
    group by
        months.month,
        spot_hours.workload,
        spot_hours.team,
        spot_hours.gpu_model

),

-- what an hour of the same GPU cost on the company's own spot machines in that month, idle hours included
spot_prices as (

    select
        provider_name,
        gpu_model,
        billing_period,
        billing_currency,
        sum(allocated_effective_cost) as effective_cost,
        sum(driver_quantity) as gpu_hours
    from spot_hours
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
        cast(
            cast({{ unit_cost('held_hours.allocated_effective_cost', 'held_hours.driver_quantity') }} as decimal(18, 4))
            as string
        ) || ' ' || held_hours.billing_currency
        || ' a GPU-hour on demand; the same workload runs on spot machines of this GPU from '
        || cast(spot_workloads.first_date as string)
        || coalesce(', at ' || cast(
            cast({{ unit_cost('spot_prices.effective_cost', 'spot_prices.gpu_hours') }} as decimal(18, 4)) as string
        ), '') as evidence,
        held_hours.allocated_effective_cost as effective_cost,
        case
            when spot_prices.gpu_hours is not null
                then cast(greatest(
                    held_hours.allocated_effective_cost
                    - {{ part_of_cost(
                        'spot_prices.effective_cost', 'held_hours.driver_quantity', 'spot_prices.gpu_hours'
                    ) }},
                    0
                ) as {{ money_type() }})
        end as avoidable_cost
    from held_hours
    inner join spot_workloads
        on
            held_hours.workload = spot_workloads.workload
            -- teams name workloads alike
            and held_hours.team is not distinct from spot_workloads.team
            and held_hours.gpu_model = spot_workloads.gpu_model
            and held_hours.charge_date between spot_workloads.month and last_day(spot_workloads.month)
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
