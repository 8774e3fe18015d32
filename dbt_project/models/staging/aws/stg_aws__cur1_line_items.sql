{%- set delivered = landed_columns(source('raw', 'aws_cur1')) -%}
{%- set product_names = ['product/productname', 'product_product_name'] | select('in', delivered) | list -%}

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
        {% if product_names -%}
            {{ blank_to_null(adapter.quote(delivered[product_names[0]].name)) }} as product_product_name,
        {%- else -%}
            cast(null as varchar) as product_product_name,
        {%- endif %}
        {{ columns_to_map(delivered, ['resourceTags/', 'resource_tags_']) }} as resource_tags,
        coalesce(x_is_net, false) as is_net

    from delivered_lines

)

select * from renamed
