-- What workloads held of the cores and memory of machines with GPUs, in the shape of GPU-hours: for rules that weigh
-- the parts of a machine against one another. A cluster's other machines have cores of their own and are not here.
{{ config(materialized='ephemeral') }}
{%- set place = ['cluster', 'node', 'node_pool', 'workload'] %}
{%- set consumers = consumer_columns() | reject('equalto', 'workload') | list %}
{%- set components = {'cpu': 'cpu_core_hours_requested', 'memory': 'memory_gib_hours_requested'} %}

with compute_hours as (

    select
        usage_start,
        usage_end,
        {{ (place + consumers + (components.values() | list)) | join(',\n        ') }}
    from {{ ref('stg_usage__compute_hours') }}
    where {{ touches_months_made('usage_start', 'usage_end') }}

),

split_usage as (

    select * from {{ ref('int_aws__split_usage') }}
    where gpu_hours_requested is null

),

machines as (

    select * from {{ ref('int_gpu_machines') }}

),

machine_names as (
    {% for column in ['machine_id', 'machine_name', 'node_pool'] %}
    {{- 'union' if not loop.first }}
    select {{ column }} as name
    from machines
    {% endfor %}
),

days_with_telemetry as (

    {{ days_told_of_clusters('compute_hours') }}

),

-- like GPU-hours: what AWS says of pods counts where the feed says nothing
compute_hours_of_anybody as (

    select * from compute_hours
    union all
    select
        split_usage.usage_start,
        split_usage.usage_end,
        split_usage.cluster,
        split_usage.node,
        cast(null as string) as node_pool,
        split_usage.workload,
        {%- for column in consumers %}
        {{ 'split_usage.' ~ column if column in tag_owner_columns() else 'cast(null as string) as ' ~ column }},
        {%- endfor %}
        split_usage.cpu_core_hours_requested,
        split_usage.memory_gib_hours_requested
    from split_usage
    left join days_with_telemetry
        on
            lower(split_usage.cluster) = days_with_telemetry.cluster
            and cast(split_usage.usage_start as date) = days_with_telemetry.usage_date
    where days_with_telemetry.cluster is null

),

on_gpu_machines as (

    select compute_hours_of_anybody.*
    from compute_hours_of_anybody
    left join machine_names
        on lower(coalesce(compute_hours_of_anybody.node, compute_hours_of_anybody.node_pool)) = machine_names.name
    where
        machine_names.name is not null
        or coalesce(compute_hours_of_anybody.node, compute_hours_of_anybody.node_pool) is null

),

hours_by_component as (
    {% for component, quantity in components.items() %}
    {{- 'union all' if not loop.first }}
    select
        usage_start,
        usage_end,
        {{ (place + consumers) | join(',\n        ') }},
        {{ text_literal(component) }} as component,
        {{ quantity }} as hours
    from on_gpu_machines
    where {{ quantity }} is not null
    {% endfor %}
)

select * from hours_by_component
