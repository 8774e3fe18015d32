{%- set delivered = landed_columns(source('raw', 'aws_cur2')) -%}

with

delivered_lines as (

    select
        *,
        {{ delivered_map(delivered, 'product') }} as x_product,
        {{ delivered_map(delivered, 'tags') }} as x_tags,
        {{ delivered_map(delivered, 'resource_tags') }} as x_resource_tags

    from {{ landed(source('raw', 'aws_cur2')) }}

),

renamed as (

    select
        x_source_name as source_name,
        x_billing_period as billing_period,
        x_delivery_id as delivery_id,
        x_file as landed_file,
        x_row as landed_row,
        {{- staged_aws_line_item_columns(delivered, is_legacy=false) }}
        x_product['product_name'] as product_product_name,
        {{ merge_maps(['x_tags', 'x_resource_tags']) }} as resource_tags,
        coalesce(x_is_net, false) as is_net

    from delivered_lines

)

select * from renamed
