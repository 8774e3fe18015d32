{%- set rows = landed_to_map(source('raw', 'gcp_focus')) -%}
{%- set delivered = landed_columns(rows) -%}

with

delivered_charges as (

    select
        {{ delivered_focus_texts(delivered) }},
        {{ entries_to_map('x_ProjectLabels') }} as x_map_of_project_labels,
        {{ entries_to_map('x_Tags') }} as x_map_of_tags,
        {{ entries_to_map('x_Labels') }} as x_map_of_labels,
        {{ entries_to_map('x_SystemLabels') }} as x_map_of_system_labels

    from {{ rows }}

),

renamed as (

    select
        {{- staged_focus_columns(delivered) }},
        {{ delivered_focus_value(delivered, 'x_CostType') }} as x_cost_type,
        {{ delivered_focus_value(delivered, 'x_SubscriptionInstanceId') }} as x_subscription_instance_id,
        {{ merge_maps(
            ['x_map_of_project_labels', 'x_map_of_tags', 'x_map_of_labels', 'x_map_of_system_labels']
        ) }} as tags

    from delivered_charges

)

select * from renamed
