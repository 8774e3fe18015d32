-- Where telemetry and the bill's machines meet, from the side of telemetry: each place that its rows name (cluster,
-- node, node pool, model, capacity type) is found at exactly one level, or not at all (pool_level is null).
with machines as (

    select * from {{ ref('int_gpu_machines') }}

),

places as (

    select distinct
        window_kind,
        driver_window,
        place_id,
        cluster,
        node,
        node_pool,
        gpu_model,
        capacity_type
    from {{ ref('int_gpu_hours_by_window') }}

),

-- telemetry may call a machine by the bill's resource id or by its name
node_names as (

    select
        driver_window,
        cluster,
        machine_id,
        machine_id as name
    from machines
    union
    select
        driver_window,
        cluster,
        machine_id,
        machine_name as name
    from machines
    where machine_name is not null

),

places_met_at_node as (

    select
        places.driver_window,
        places.place_id,
        min(node_names.machine_id) as machine_id
    from places
    inner join node_names
        on
            places.driver_window = node_names.driver_window
            and places.node = node_names.name
            and places.cluster = coalesce(node_names.cluster, places.cluster)
    group by
        places.driver_window,
        places.place_id

),

machines_left as (

    select
        machines.*,
        coalesce(machines.node_pool, machines.machine_name, machines.machine_id) as node_pool_or_name
    from machines
    left join places_met_at_node
        on
            machines.driver_window = places_met_at_node.driver_window
            and machines.machine_id = places_met_at_node.machine_id
    where places_met_at_node.machine_id is null

),

-- a node pool by its tag, or a scale set by the resource that is billed
pool_names as (

    select
        driver_window,
        cluster,
        node_pool_or_name,
        node_pool_or_name as name
    from machines_left
    union
    select
        driver_window,
        cluster,
        node_pool_or_name,
        machine_name as name
    from machines_left
    where machine_name is not null
    union
    select
        driver_window,
        cluster,
        node_pool_or_name,
        machine_id as name
    from machines_left

),

places_met_at_pool as (

    select
        places.driver_window,
        places.place_id,
        min(pool_names.node_pool_or_name) as node_pool_matched
    from places
    inner join pool_names
        on
            places.driver_window = pool_names.driver_window
            and places.node_pool = pool_names.name
            and places.cluster = coalesce(pool_names.cluster, places.cluster)
    left join places_met_at_node
        on
            places.driver_window = places_met_at_node.driver_window
            and places.place_id = places_met_at_node.place_id
    where places_met_at_node.place_id is null
    group by
        places.driver_window,
        places.place_id

),

pools_met as (

    select distinct
        places.driver_window,
        places.cluster,
        places_met_at_pool.node_pool_matched
    from places_met_at_pool
    inner join places
        on
            places_met_at_pool.driver_window = places.driver_window
            and places_met_at_pool.place_id = places.place_id

),

clusters_left as (

    select distinct
        machines_left.driver_window,
        machines_left.cluster
    from machines_left
    left join pools_met
        on
            machines_left.driver_window = pools_met.driver_window
            and machines_left.cluster = pools_met.cluster
            and machines_left.node_pool_or_name = pools_met.node_pool_matched
    where pools_met.cluster is null

),

places_matched as (

    select
        places.window_kind,
        places.driver_window,
        places.place_id,
        places.cluster,
        places.gpu_model,
        places.capacity_type,
        case
            when places_met_at_node.place_id is not null then 'node'
            when places_met_at_pool.place_id is not null then 'node_pool'
            when clusters_left.cluster is not null then 'cluster'
        end as pool_level,
        places_met_at_node.machine_id,
        places_met_at_pool.node_pool_matched
    from places
    left join places_met_at_node
        on
            places.driver_window = places_met_at_node.driver_window
            and places.place_id = places_met_at_node.place_id
    left join places_met_at_pool
        on
            places.driver_window = places_met_at_pool.driver_window
            and places.place_id = places_met_at_pool.place_id
    left join clusters_left
        on
            places.driver_window = clusters_left.driver_window
            and places.cluster = clusters_left.cluster

)

select * from places_matched
