-- The GPU-hours that telemetry holds, by the scopes of the bill: which scope fits each telemetry place best, and who
-- held how much of it on each basis. A place that fits several machines is spread over them.
{{ config(materialized='ephemeral') }}

with gpu_hours as (

    select * from {{ ref('int_gpu_hours_by_window') }}

),

places as (

    select * from {{ ref('int_gpu_places_matched') }}

),

scopes as (

    select * from {{ ref('int_gpu_capacity_by_scope') }}

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

)

select * from held_by_consumer
