with

catalog as (

    select * from {{ landed(source('raw', 'datasets')) }}

),

datasets as (

    select
        dataset,
        bucket,
        prefix,
        owner,
        retention_days

    from catalog

)

select * from datasets
