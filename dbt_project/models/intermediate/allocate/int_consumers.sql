-- The consumers that usage feeds name, each under the one key that splits use for it.
with consumers_of_gpu_hours as (

    select
        consumer_key,
        {{ consumer_columns() | join(',\n        ') }}
    from {{ ref('int_gpu_hours_by_workload') }}

),

consumers_of_storage as (

    select
        consumer_key,
        {{ consumer_columns() | join(',\n        ') }}
    from {{ ref('int_storage_usage_by_consumer') }}

),

consumers as (

    select * from consumers_of_gpu_hours
    union
    select * from consumers_of_storage

)

select * from consumers
