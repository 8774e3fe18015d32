{#- A view: read once, by int_gpu_hours_by_workload. -#}
{{ config(materialized='view') }}

with

split_rows as (

    select * from {{ ref('int_aws__split_rows') }}

),

owners as (

    select * from {{ ref('int_tags_resolved_to_owners') }}

),

split_usage as (

    select
        split_rows.usage_start,
        split_rows.usage_end,
        -- arn:aws:eks:region:account:pod/cluster/namespace/pod/uid, arn:aws:ecs:region:account:task/cluster/task
        coalesce(owners.cluster, nullif(split_part(split_rows.resource_id, '/', 2), '')) as cluster,
        split_rows.parent_resource_id as node,
        coalesce(
            {{ tag_value('split_rows.tags', 'awseksworkloadname') }},
            {{ tag_value('split_rows.tags', 'awseksdeployment') }},
            {{ tag_value('split_rows.tags', 'awsecsservicename') }},
            nullif(split_part(split_rows.resource_id, '/', 4), ''),
            split_rows.resource_id
        ) as workload,
        {%- for column in tag_owner_columns() %}
        owners.{{ column }},
        {%- endfor %}
        case when split_rows.component = 'gpu' then split_rows.requested end as gpu_hours_requested,
        case when split_rows.component = 'gpu' then split_rows.used end as gpu_hours_used,
        case when split_rows.component = 'cpu' then split_rows.requested end as cpu_core_hours_requested,
        case when split_rows.component = 'memory' then split_rows.requested end as memory_gib_hours_requested

    from split_rows
    left join owners
        on split_rows.tags = owners.tags
    where
        split_rows.component is not null
        and {{ touches_months_made('split_rows.usage_start', 'split_rows.usage_end') }}

)

select * from split_usage
