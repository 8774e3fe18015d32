with

delivered_rows as (

    select * from {{ landed(source('raw', 'storage_access'), kept_in=this) }}

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
        usage_date,
        bucket,
        prefix,
        operation,
        requests,
        bytes_read

    from delivered_rows

)

select * from renamed
