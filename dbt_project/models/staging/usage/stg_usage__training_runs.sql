with

delivered_rows as (

    select * from {{ landed(source('raw', 'training_runs'), kept_in=this) }}

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
        started_at,
        ended_at,
        status,
        experiment,
        sweep,
        cluster,
        epochs,
        gpu_hours,
        quality_metric,
        quality_value

    from delivered_rows

)

select * from renamed
