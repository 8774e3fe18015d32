-- The weights of GPU pools: who held how many micro-GPU-hours of a scope, and how many nobody held. A scope is what
-- bill and telemetry can both name in one window: a node, a node pool by GPU model, or a cluster by model and
-- capacity type. Each basis that a rule reads telemetry on has scopes of its own.
with gpu_hours as (

    select * from {{ ref('int_gpu_hours_by_window') }}

),

places as (

    select * from {{ ref('int_gpu_places_matched') }}

),

scopes as (

    select * from {{ ref('int_gpu_capacity_by_scope') }}

),

bases as (

    select distinct basis
    from {{ ref('stg_allocation_rules') }}
    where driver = 'gpu_hours'

),

-- a place without a model, or without a capacity type, may be any machine of its group; a place that names another
-- model than every machine is none of them
fitting_scopes as (

    select
        places.driver_window,
        places.place_id,
        scopes.driver_scope,
        coalesce(greatest(scopes.capacity_micro_gpu_hours, 0), 0) as capacity_micro_gpu_hours,
        case
            when places.pool_level = 'node' then 0
            when places.gpu_model is null or places.gpu_model = scopes.gpu_model then 0
            when {{ gpu_family('places.gpu_model') }} = {{ gpu_family('scopes.gpu_model') }} then 2
            when scopes.gpu_model is null then 4
        end
        + case
            when scopes.pool_level <> 'cluster' then 0
            when places.capacity_type is null or places.capacity_type = scopes.capacity_type then 0
            else 1
        end as misfit
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

),

best_misfits as (

    select
        driver_window,
        place_id,
        min(misfit) as misfit
    from fitting_scopes
    group by
        driver_window,
        place_id

),

-- several machines fit: the place is spread over them by capacity, so that each keeps its own price
place_portions as (

    select
        fitting_scopes.driver_window,
        fitting_scopes.place_id,
        fitting_scopes.driver_scope,
        count(*) over (partition by fitting_scopes.driver_window, fitting_scopes.place_id) as scopes_of_place,
        row_number() over place_scopes as scope_number,
        sum(fitting_scopes.capacity_micro_gpu_hours) over (
            partition by fitting_scopes.driver_window, fitting_scopes.place_id
        ) as capacity_of_place,
        sum(fitting_scopes.capacity_micro_gpu_hours) over place_scopes as capacity_up_to_here,
        fitting_scopes.capacity_micro_gpu_hours
    from fitting_scopes
    inner join best_misfits
        on
            fitting_scopes.driver_window = best_misfits.driver_window
            and fitting_scopes.place_id = best_misfits.place_id
            and fitting_scopes.misfit = best_misfits.misfit
    window place_scopes as (
        partition by fitting_scopes.driver_window, fitting_scopes.place_id
        order by fitting_scopes.driver_scope
        rows between unbounded preceding and current row
    )

),

held_gpu_hours as (

    select
        place_portions.driver_scope || '/' || gpu_hours.basis as driver_scope,
        gpu_hours.consumer_key,
        case
            when place_portions.scopes_of_place = 1 then gpu_hours.micro_gpu_hours
            when place_portions.capacity_of_place = 0
                then case when place_portions.scope_number = 1 then gpu_hours.micro_gpu_hours else 0 end
            -- differences of running amounts: the portions of a row sum to the row
            else {{ whole_portion(
                'gpu_hours.micro_gpu_hours', 'place_portions.capacity_up_to_here', 'place_portions.capacity_of_place'
            ) }} - {{ whole_portion(
                'gpu_hours.micro_gpu_hours',
                '(place_portions.capacity_up_to_here - place_portions.capacity_micro_gpu_hours)',
                'place_portions.capacity_of_place'
            ) }}
        end as micro_gpu_hours
    from gpu_hours
    inner join place_portions
        on
            gpu_hours.driver_window = place_portions.driver_window
            and gpu_hours.place_id = place_portions.place_id

),

held_by_consumer as (

    select
        driver_scope,
        consumer_key,
        cast(sum(micro_gpu_hours) as bigint) as weight
    from held_gpu_hours
    group by
        driver_scope,
        consumer_key

),

held_by_scope as (

    select
        driver_scope,
        cast(sum(weight) as bigint) as weight
    from held_by_consumer
    where not {{ is_nobodys_idle('consumer_key') }}
    group by driver_scope

),

idle_by_scope as (

    select
        scopes.driver_scope || '/' || bases.basis as driver_scope,
        {{ idle_consumer_key() }} as consumer_key,
        scopes.capacity_micro_gpu_hours - coalesce(held_by_scope.weight, 0) as weight
    from scopes
    cross join bases
    left join held_by_scope
        on scopes.driver_scope || '/' || bases.basis = held_by_scope.driver_scope
    where scopes.capacity_micro_gpu_hours > coalesce(held_by_scope.weight, 0)

),

-- what was held and not used is a part of what is idle; where others used more than they had held, there is less idle
unused_by_scope as (

    select
        held_by_consumer.driver_scope,
        held_by_consumer.consumer_key,
        idle_by_scope.weight as idle_weight,
        sum(held_by_consumer.weight) over (
            partition by held_by_consumer.driver_scope
            order by held_by_consumer.consumer_key
            rows between unbounded preceding and current row
        ) as weight_up_to_here,
        held_by_consumer.weight
    from held_by_consumer
    inner join idle_by_scope
        on held_by_consumer.driver_scope = idle_by_scope.driver_scope
    where {{ is_nobodys_idle('held_by_consumer.consumer_key') }}

),

unused_that_is_idle as (

    select
        driver_scope,
        consumer_key,
        cast(
            least(weight_up_to_here, idle_weight) - least(weight_up_to_here - weight, idle_weight) as bigint
        ) as weight
    from unused_by_scope

),

idle_that_nobody_held as (

    select
        idle_by_scope.driver_scope,
        idle_by_scope.consumer_key,
        cast(idle_by_scope.weight - coalesce(sum(unused_that_is_idle.weight), 0) as bigint) as weight
    from idle_by_scope
    left join unused_that_is_idle
        on idle_by_scope.driver_scope = unused_that_is_idle.driver_scope
    group by
        idle_by_scope.driver_scope,
        idle_by_scope.consumer_key,
        idle_by_scope.weight

),

gpu_hours_by_scope as (

    select
        driver_scope,
        consumer_key,
        weight
    from held_by_consumer
    where not {{ is_nobodys_idle('consumer_key') }}
    union all
    select
        driver_scope,
        consumer_key,
        weight
    from unused_that_is_idle
    union all
    select
        driver_scope,
        consumer_key,
        weight
    from idle_that_nobody_held

)

select * from gpu_hours_by_scope
