-- At which level bill and telemetry meet, machine by machine: the node where telemetry names it, else its node pool,
-- else the cluster by GPU model and capacity type. Each telemetry place (the node, pool and cluster a row names) is
-- used at exactly one level; int_gpu_hours_by_scope holds the other half of the match.
{%- set has_hours = gpu_rules_by_the_hour() | length > 0 %}

with machines as (

    select * from {{ ref('int_gpu_machines') }}

),

places as (

    select * from {{ ref('int_gpu_places_matched') }}

),

node_places as (

    select
        driver_window,
        machine_id,
        min(cluster) as cluster
    from places
    where pool_level = 'node'
    group by
        driver_window,
        machine_id

),

pool_places as (

    select distinct
        driver_window,
        cluster,
        node_pool_matched
    from places
    where pool_level = 'node_pool'

),

cluster_places as (

    select
        driver_window,
        cluster,
        max(case when pool_level = 'cluster' then 1 else 0 end) = 1 as is_met_at_cluster_level
    from places
    group by
        driver_window,
        cluster

),

{%- if has_hours %}

-- an hour in which nobody held a GPU is idle when the day has telemetry
days_with_telemetry as ( -- noqa: ST03

    select distinct
        driver_window,
        cluster
    from places
    where window_kind = 'day'

),
{%- endif %}

-- a scale set without a cluster tag can only be found by its name
pool_clusters as (

    select
        driver_window,
        node_pool_matched,
        min(cluster) as cluster
    from pool_places
    group by
        driver_window,
        node_pool_matched

),

machines_with_cluster as (

    select
        machines.*,
        coalesce(machines.node_pool, machines.machine_name, machines.machine_id) as node_pool_or_name,
        node_places.machine_id is not null as is_met_by_node,
        coalesce(machines.cluster, node_places.cluster, pool_clusters.cluster) as cluster_found
    from machines
    left join node_places
        on
            machines.driver_window = node_places.driver_window
            and machines.machine_id = node_places.machine_id
    left join pool_clusters
        on
            machines.driver_window = pool_clusters.driver_window
            and coalesce(machines.node_pool, machines.machine_name, machines.machine_id)
            = pool_clusters.node_pool_matched

),

machines_with_level as (

    select
        machines_with_cluster.*,
        case
            when machines_with_cluster.is_met_by_node then 'node'
            when pool_places.cluster is not null then 'node_pool'
            when cluster_places.is_met_at_cluster_level then 'cluster'
            -- nobody held it, although telemetry of its cluster is there: a node of its own, all idle
            when cluster_places.cluster is not null then 'node'
            {%- if has_hours %}
            when days_with_telemetry.cluster is not null then 'node' -- noqa: RF01
            {%- endif %}
        end as pool_level
    from machines_with_cluster
    left join pool_places
        on
            machines_with_cluster.driver_window = pool_places.driver_window
            and machines_with_cluster.cluster_found = pool_places.cluster
            and machines_with_cluster.node_pool_or_name = pool_places.node_pool_matched
    left join cluster_places
        on
            machines_with_cluster.driver_window = cluster_places.driver_window
            and machines_with_cluster.cluster_found = cluster_places.cluster
    {%- if has_hours %}
    left join days_with_telemetry -- noqa: ST11
        on
            machines_with_cluster.window_kind = 'hour'
            and substr(machines_with_cluster.driver_window, 1, 10) = days_with_telemetry.driver_window
            and machines_with_cluster.cluster_found = days_with_telemetry.cluster
    {%- endif %}

),

machines_placed as (

    select
        window_kind,
        driver_window,
        source_name,
        machine_id,
        machine_name,
        cluster_found as cluster,
        pool_level,
        -- one group of machines shares one stream of telemetry ...
        case pool_level
            when 'node' then machine_id
            when 'node_pool' then node_pool_or_name
            when 'cluster' then cluster_found
        end as scope_group,
        gpu_model,
        capacity_type,
        -- ... and inside a group, machines of different price never share a scope
        case pool_level
            when 'node' then concat_ws('/', 'node', cluster_found, machine_id, driver_window)
            when 'node_pool'
                then concat_ws(
                    '/', 'node_pool', cluster_found, node_pool_or_name, coalesce(gpu_model, '?'), driver_window
                )
            when 'cluster'
                then concat_ws(
                    '/', 'cluster', cluster_found, coalesce(gpu_model, '?'), coalesce(capacity_type, '?'), driver_window
                )
        end as driver_scope,
        gpu_hours,
        core_hours,
        gib_hours
    from machines_with_level

)

select * from machines_placed
