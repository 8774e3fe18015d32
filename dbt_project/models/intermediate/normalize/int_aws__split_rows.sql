{{ config(materialized='ephemeral') }}
{#- Split cost allocation: what each pod or task had of an instance that has a line of its own. Amounts are quantities;
    the split costs are not read, because the instance's line already has them. -#}

with

line_items as (

    select * from {{ ref('stg_aws__cur2_line_items') }}
    union all
    select * from {{ ref('stg_aws__cur1_line_items') }}

),

split_rows as (

    select
        line_item_usage_start_date as usage_start,
        line_item_usage_end_date as usage_end,
        split_line_item_parent_resource_id as parent_resource_id,
        line_item_resource_id as resource_id,
        case
            when line_item_usage_type like '%Accelerator-Hours' then 'gpu'
            when line_item_usage_type like '%vCPU-Hours' then 'cpu'
            when line_item_usage_type like '%GB-Hours' then 'memory'
        end as component,
        coalesce(split_line_item_reserved_usage, split_line_item_actual_usage) as requested,
        split_line_item_actual_usage as used,
        resource_tags as tags

    from line_items
    where split_line_item_parent_resource_id is not null

)

select * from split_rows
