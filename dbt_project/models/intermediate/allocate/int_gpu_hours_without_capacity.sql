{{ config(materialized='kept_months', kept_by='driver_window') }}
-- Telemetry that the bill cannot hold: more GPU-hours held than were paid for, and rows that name no machine of the
-- bill. Nothing is charged for the surplus. Days only: a month's surplus is that of its days. An empty table is the
-- good case; a warning test counts the rows.
with held as (

    select * from {{ ref('int_gpu_hours_by_scope') }}

),

scopes as (

    select * from {{ ref('int_gpu_capacity_by_scope') }}
    where window_kind = 'day'

),

gpu_hours as (

    select
        driver_window,
        place_id,
        cluster,
        node_pool,
        node,
        gpu_model,
        capacity_type,
        consumer_key,
        max(micro_gpu_hours) as micro_gpu_hours
    from {{ ref('int_gpu_hours_by_window') }}
    where
        window_kind = 'day'
        and not {{ is_nobodys_idle('consumer_key') }}
        and basis not in ('cpu', 'memory')
    group by
        driver_window,
        place_id,
        cluster,
        node_pool,
        node,
        gpu_model,
        capacity_type,
        consumer_key

),

places as (

    select * from {{ ref('int_gpu_places_matched') }}

),

places_that_fit as (

    select distinct
        places.driver_window,
        places.place_id
    from places
    inner join scopes
        on
            places.driver_window = scopes.driver_window
            and places.pool_level = scopes.pool_level
            and places.cluster = scopes.cluster
            and case places.pool_level
                when 'node' then places.machine_id
                when 'node_pool' then places.node_pool_matched
                else places.cluster
            end = scopes.scope_group
            and (
                places.pool_level = 'node'
                or places.gpu_model is null
                or scopes.gpu_model is null
                or {{ gpu_family('places.gpu_model') }} = {{ gpu_family('scopes.gpu_model') }}
            )

),

bases as (

    select distinct basis
    from {{ ref('stg_allocation_rules') }}
    where driver = 'gpu_hours'

),

held_by_scope as (

    select
        driver_scope,
        cast(sum(weight) as bigint) as micro_gpu_hours
    from held
    group by driver_scope

),

-- on the basis that holds the most: one row a scope
above_capacity as (

    select
        scopes.driver_window,
        scopes.cluster,
        scopes.driver_scope as place,
        'more GPU-hours held than the bill paid for' as reason,
        max(held_by_scope.micro_gpu_hours) as held_micro_gpu_hours,
        scopes.capacity_micro_gpu_hours
    from scopes
    cross join bases
    inner join held_by_scope
        on scopes.driver_scope || '/' || bases.basis = held_by_scope.driver_scope
    group by
        scopes.driver_window,
        scopes.cluster,
        scopes.driver_scope,
        scopes.capacity_micro_gpu_hours
    having max(held_by_scope.micro_gpu_hours) > scopes.capacity_micro_gpu_hours

),

without_machine as (

    select
        gpu_hours.driver_window,
        gpu_hours.cluster,
        concat_ws(
            '/', gpu_hours.cluster, gpu_hours.node_pool, gpu_hours.node, gpu_hours.gpu_model, gpu_hours.capacity_type
        ) as place,
        'no such machine on the bill' as reason,
        cast(sum(gpu_hours.micro_gpu_hours) as bigint) as held_micro_gpu_hours,
        cast(0 as bigint) as capacity_micro_gpu_hours
    from gpu_hours
    left join places_that_fit
        on
            gpu_hours.driver_window = places_that_fit.driver_window
            and gpu_hours.place_id = places_that_fit.place_id
    where
        places_that_fit.place_id is null
        and gpu_hours.micro_gpu_hours > 0
    group by
        gpu_hours.driver_window,
        gpu_hours.cluster,
        concat_ws(
            '/', gpu_hours.cluster, gpu_hours.node_pool, gpu_hours.node, gpu_hours.gpu_model, gpu_hours.capacity_type
        )

),

gpu_hours_without_capacity as (

    select * from above_capacity
    union all
    select * from without_machine

)

select
    driver_window,
    cluster,
    place,
    reason,
    {{ from_millionths('held_micro_gpu_hours') }} as held_gpu_hours,
    {{ from_millionths('capacity_micro_gpu_hours') }} as capacity_gpu_hours
from gpu_hours_without_capacity
