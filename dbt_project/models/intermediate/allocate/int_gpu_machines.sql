-- What the bill says about the machines of GPU clusters: how many GPU-hours were paid for, where. Who held them is
-- telemetry's matter (int_gpu_hours_by_workload).
--
-- Windows are days, and months and hours only where charges and rules ask for them.
{%- set has_hours = gpu_rules_by_the_hour() | length > 0 %}

with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('charge_date') }}

),

machine_charges as (

    select
        charges.source_name,
        {{ machine_id('charges') }} as machine_id,
        lower(charges.resource_name) as machine_name,
        lower(charges.cluster) as cluster,
        lower(charges.node_pool) as node_pool,
        {{ gpu_model_key('charges.gpu_model') }} as gpu_model,
        lower(charges.capacity_type) as capacity_type,
        case when charges.charge_category = 'Usage' then charges.gpu_hours end as gpu_hours,
        case when {{ machine_component('charges') }} = 'cpu' then charges.pricing_quantity end as core_hours,
        case when {{ machine_component('charges') }} = 'memory' then charges.pricing_quantity end as gib_hours,
        charges.charge_date,
        charges.billing_period,
        {%- if has_hours %}
        case when {{ is_hourly('charges') }} then {{ hour_window('charges.charge_period_start') }} end as hour,
        {%- endif %}
        {{ charge_window_kind('charges') }} as window_kind
    from charges
    where
        charges.is_cluster_machine
        and coalesce(charges.commitment_discount_status, '') <> 'Unused'

),

machine_days as (

    select
        source_name,
        machine_id,
        charge_date,
        max(machine_name) as machine_name,
        min(cluster) as cluster,
        min(node_pool) as node_pool,
        -- core and memory lines of a machine do not name its GPU
        max(gpu_model) as gpu_model,
        coalesce(min(case when gpu_hours > 0 then capacity_type end), min(capacity_type)) as capacity_type,
        -- what a charge of a whole month paid for is no capacity of its first day
        {%- for hours in ['gpu_hours', 'core_hours', 'gib_hours'] %}
        sum(case when window_kind = 'day' then {{ hours }} end) as {{ hours }}_of_day,
        sum({{ hours }}) as {{ hours }}{{ ',' if not loop.last }}
        {%- endfor %}
    from machine_charges
    group by
        source_name,
        machine_id,
        charge_date

),

-- months are needed only where a charge takes its driver over one
months as (

    select distinct billing_period
    from machine_charges
    where window_kind = 'month'

),

machine_months as (

    select
        machine_days.source_name,
        machine_days.machine_id,
        months.billing_period,
        max(machine_days.machine_name) as machine_name,
        min(machine_days.cluster) as cluster,
        min(machine_days.node_pool) as node_pool,
        max(machine_days.gpu_model) as gpu_model,
        coalesce(
            min(case when machine_days.gpu_hours > 0 then machine_days.capacity_type end),
            min(machine_days.capacity_type)
        ) as capacity_type,
        sum(machine_days.gpu_hours) as gpu_hours,
        sum(machine_days.core_hours) as core_hours,
        sum(machine_days.gib_hours) as gib_hours
    from machine_days
    inner join months
        on {{ month_of('machine_days.charge_date') }} = months.billing_period
    group by
        machine_days.source_name,
        machine_days.machine_id,
        months.billing_period

),

{%- if has_hours %}
machine_hours as ( -- noqa: ST03

    select
        source_name,
        machine_id,
        hour,
        max(machine_name) as machine_name,
        min(cluster) as cluster,
        min(node_pool) as node_pool,
        -- core and memory lines of a machine do not name its GPU
        max(gpu_model) as gpu_model,
        coalesce(min(case when gpu_hours > 0 then capacity_type end), min(capacity_type)) as capacity_type,
        sum(gpu_hours) as gpu_hours,
        sum(core_hours) as core_hours,
        sum(gib_hours) as gib_hours
    from machine_charges
    where hour is not null
    group by
        source_name,
        machine_id,
        hour

),
{%- endif %}

machines_by_window as (

    select
        'day' as window_kind,
        cast(charge_date as string) as driver_window,
        source_name,
        machine_id,
        machine_name,
        cluster,
        node_pool,
        gpu_model,
        capacity_type,
        gpu_hours_of_day as gpu_hours,
        core_hours_of_day as core_hours,
        gib_hours_of_day as gib_hours
    from machine_days
    union all
    select
        'month' as window_kind,
        billing_period as driver_window,
        source_name,
        machine_id,
        machine_name,
        cluster,
        node_pool,
        gpu_model,
        capacity_type,
        gpu_hours,
        core_hours,
        gib_hours
    from machine_months
    {%- if has_hours %}
    union all
    select
        'hour' as window_kind,
        hour as driver_window,
        source_name,
        machine_id,
        machine_name,
        cluster,
        node_pool,
        gpu_model,
        capacity_type,
        gpu_hours,
        core_hours,
        gib_hours
    from machine_hours
    {%- endif %}

)

select * from machines_by_window
