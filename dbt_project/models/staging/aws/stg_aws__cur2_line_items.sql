{%- set rows = landed_to_map(source('raw', 'aws_cur2')) -%}
{%- set delivered = landed_columns(rows) -%}

with

delivered_lines as (

    select
        *,
        {{ delivered_aws_product_name(delivered, is_legacy=false) }} as x_product_name

    from {{ rows }}

),

renamed as (

    select
        x_source_name as source_name,
        x_billing_period as billing_period,
        x_delivery_id as delivery_id,
        x_file as landed_file,
        x_row as landed_row,
        {{- staged_aws_line_item_columns(delivered, is_legacy=false) }}
        x_product_name as product_product_name,
        {{ delivered_aws_tags(delivered, is_legacy=false) }} as resource_tags,
        coalesce(x_is_net, false) as is_net,
        {{ fingerprint(delivered_aws_descriptions(delivered, is_legacy=false)) }} as description_id,
        {{ fingerprint(delivered_aws_tag_columns(delivered, is_legacy=false)) }} as tags_id

    from delivered_lines

)

select * from renamed
