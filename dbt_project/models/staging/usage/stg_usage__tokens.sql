with

delivered_rows as (

    select * from {{ landed(source('raw', 'tokens'), kept_in=this) }}

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
        endpoint,
        input_tokens,
        output_tokens,
        cached_input_tokens,
        cache_write_tokens,
        requests

    from delivered_rows

)

select * from renamed
