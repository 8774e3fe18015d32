with

delivered_rows as (

    select * from {{ landed(source('raw', 'gpu_capacity'), kept_in=this) }}

),

renamed as (

    select
        x_source_name as source_name,
        x_delivery_id as delivery_id,
        x_file as landed_file,
        x_row as landed_row,
        {%- for column in consumer_columns() %}
        {{ column }},
        {%- endfor %}
        usage_start,
        usage_end,
        cluster,
        node,
        node_pool,
        gpu_model,
        capacity_type,
        gpu_hours_capacity

    from delivered_rows

)

select * from renamed
