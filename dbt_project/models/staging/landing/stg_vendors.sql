{{ config(materialized='ephemeral') }}
{#- A few rows that one model reads. -#}

with

vendors as (

    select * from {{ landed(source('raw', 'vendors')) }}

),

renamed as (

    select
        source_name,
        vendor

    from vendors

)

select * from renamed
