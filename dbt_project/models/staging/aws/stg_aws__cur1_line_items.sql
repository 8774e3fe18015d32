{%- set delivered = landed_columns(source('raw', 'aws_cur1')) -%}

with

delivered_lines as (

    select * from {{ landed(source('raw', 'aws_cur1')) }}

),

renamed as (

    select
        x_source_name as source_name,
        x_billing_period as billing_period,
        x_delivery_id as delivery_id,
        x_file as landed_file,
        x_row as landed_row,
        {{- staged_aws_line_item_columns(delivered, is_legacy=true) }}
        {{ first_delivered(delivered, ['product/ProductName', 'product_product_name']) }} as product_product_name,
        {{ columns_to_map(delivered, ['resourceTags/', 'resource_tags_']) }} as resource_tags,
        coalesce(x_is_net, false) as is_net

    from delivered_lines

)

select * from renamed
