-- How many GPU-hours each scope had to give: what the bill says was paid for, and only where it cannot say, what the
-- gpu_capacity feed says. Null means that nobody can say: then there is no idle. Of a month, some days may have no
-- telemetry: what was paid for on these is unmeasured, and not idle.
{%- set place_columns = ['cluster', 'node', 'node_pool', 'gpu_model', 'capacity_type'] %}
{%- set has_hours = gpu_rules_by_the_hour() | length > 0 %}

with machines as (

    select * from {{ ref('int_gpu_machines_placed') }}

),

machine_names as (

    select * from {{ ref('int_gpu_machines') }}

),

gpu_capacity as (

    select
        usage_start,
        usage_end,
        lower(cluster) as cluster,
        lower(node) as node,
        lower(node_pool) as node_pool,
        {{ gpu_model_key('gpu_model') }} as gpu_model,
        {{ capacity_type_key('capacity_type') }} as capacity_type,
        gpu_hours_capacity
    from {{ ref('stg_usage__gpu_capacity') }}
    where {{ touches_months_made('usage_start', 'usage_end') }}

),

{%- if has_hours %}
capacity_by_hour as ( -- noqa: ST03

    {{ cut_by_hour('gpu_capacity', place_columns, ['gpu_hours_capacity']) }}

),
{%- endif %}

capacity_by_day as (

    {{ cut_by_day('gpu_capacity', place_columns, ['gpu_hours_capacity']) }}

),

-- windows as charges name them: a day is never named like a month or an hour
capacity_by_window as (

    select
        cast(usage_date as string) as driver_window,
        {{ place_columns | join(',\n        ') }},
        sum(gpu_hours_capacity) as gpu_hours_capacity
    from capacity_by_day
    group by
        cast(usage_date as string),
        {{ place_columns | join(',\n        ') }}
    union all
    select
        {{ month_of('usage_date') }} as driver_window,
        {{ place_columns | join(',\n        ') }},
        sum(gpu_hours_capacity) as gpu_hours_capacity
    from capacity_by_day
    group by
        {{ month_of('usage_date') }},
        {{ place_columns | join(',\n        ') }}
    {%- if has_hours %}
    union all
    select
        {{ hour_window('usage_hour') }} as driver_window,
        {{ place_columns | join(',\n        ') }},
        sum(gpu_hours_capacity) as gpu_hours_capacity
    from capacity_by_hour
    group by
        {{ hour_window('usage_hour') }},
        {{ place_columns | join(',\n        ') }}
    {%- endif %}

),

scopes as (

    select
        window_kind,
        driver_window,
        driver_scope,
        pool_level,
        cluster,
        scope_group,
        gpu_model,
        case when pool_level = 'cluster' then capacity_type end as capacity_type,
        {{ millionths('sum(gpu_hours)') }} as billed_micro_gpu_hours,
        {{ millionths('sum(core_hours)') }} as capacity_micro_core_hours,
        {{ millionths('sum(gib_hours)') }} as capacity_micro_gib_hours
    from machines
    where driver_scope is not null
    group by
        window_kind,
        driver_window,
        driver_scope,
        pool_level,
        cluster,
        scope_group,
        gpu_model,
        case when pool_level = 'cluster' then capacity_type end

),

unmeasured_by_scope as (

    select
        months.driver_scope,
        {{ millionths('sum(days.gpu_hours)') }} as unmeasured_micro_gpu_hours
    from machines as months
    inner join machines as days
        on
            months.source_name = days.source_name
            and months.machine_id = days.machine_id
            and months.driver_window = substr(days.driver_window, 1, 7)
    where
        months.window_kind = 'month'
        and months.driver_scope is not null
        and days.window_kind = 'day'
        and days.driver_scope is null
        and days.gpu_hours > 0
    group by months.driver_scope

),

scopes_the_bill_cannot_measure as (

    select
        scopes.driver_scope,
        scopes.driver_window,
        scopes.pool_level,
        scopes.cluster,
        scopes.scope_group,
        scopes.gpu_model,
        scopes.capacity_type,
        machine_names.machine_name
    from scopes
    left join machine_names
        on
            scopes.pool_level = 'node'
            and scopes.driver_window = machine_names.driver_window
            and scopes.scope_group = machine_names.machine_id
    where coalesce(scopes.billed_micro_gpu_hours, 0) <= 0

),

-- machines and pools with a scope of their own, by all their names
places_with_scope as (

    select
        driver_window,
        cluster,
        scope_group as name
    from scopes
    where pool_level <> 'cluster'
    union
    select
        driver_window,
        cluster,
        machine_name as name
    from machines
    where pool_level = 'node' and machine_name is not null

),

-- what a feed tells of a cluster as a whole counts; else what it tells of the machines that the cluster's scope holds
capacity_told_by_scope as (

    select
        scopes.driver_scope,
        {{ millionths(
            'coalesce(sum(case when coalesce(capacity.node, capacity.node_pool) is null'
            ~ ' then capacity.gpu_hours_capacity end), sum(capacity.gpu_hours_capacity))'
        ) }} as told_micro_gpu_hours
    from scopes_the_bill_cannot_measure as scopes
    inner join capacity_by_window as capacity
        on
            scopes.driver_window = capacity.driver_window
            and scopes.cluster = capacity.cluster
    where
        case scopes.pool_level
            when 'node' then capacity.node in (scopes.scope_group, scopes.machine_name)
            when 'node_pool' then capacity.node_pool = scopes.scope_group
            else
                (capacity.driver_window, capacity.cluster, coalesce(capacity.node, '')) not in (
                    select (places_with_scope.driver_window, places_with_scope.cluster, places_with_scope.name)
                    from places_with_scope
                )
                and (capacity.driver_window, capacity.cluster, coalesce(capacity.node_pool, '')) not in (
                    select (places_with_scope.driver_window, places_with_scope.cluster, places_with_scope.name)
                    from places_with_scope
                )
        end
        and coalesce(capacity.gpu_model, scopes.gpu_model, '') = coalesce(scopes.gpu_model, capacity.gpu_model, '')
        and coalesce(capacity.capacity_type, scopes.capacity_type, '')
        = coalesce(scopes.capacity_type, capacity.capacity_type, '')
    group by scopes.driver_scope

),

capacity_by_scope as (

    select
        scopes.window_kind,
        scopes.driver_window,
        scopes.driver_scope,
        scopes.pool_level,
        scopes.cluster,
        scopes.scope_group,
        scopes.gpu_model,
        scopes.capacity_type,
        scopes.capacity_micro_core_hours,
        scopes.capacity_micro_gib_hours,
        coalesce(unmeasured_by_scope.unmeasured_micro_gpu_hours, 0) as unmeasured_micro_gpu_hours,
        case
            when scopes.billed_micro_gpu_hours > 0 then scopes.billed_micro_gpu_hours
            else capacity_told_by_scope.told_micro_gpu_hours
        end as capacity_micro_gpu_hours,
        case
            when scopes.billed_micro_gpu_hours > 0 then 'bill'
            when capacity_told_by_scope.driver_scope is not null then 'gpu_capacity'
        end as capacity_source
    from scopes
    left join capacity_told_by_scope
        on scopes.driver_scope = capacity_told_by_scope.driver_scope
    left join unmeasured_by_scope
        on scopes.driver_scope = unmeasured_by_scope.driver_scope

)

select * from capacity_by_scope
