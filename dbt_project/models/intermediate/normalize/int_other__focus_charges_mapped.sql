{{ config(materialized='table') }}
with

charges as (

    select * from {{ ref('stg_other__focus_charges') }}

),

vendors as (

    select * from {{ ref('stg_vendors') }}

),

delivered_charges as (

    select
        charges.*,
        vendors.vendor

    from charges
    left join vendors
        on charges.source_name = vendors.source_name

),

mapped as (

    select
        {{- mapped_focus_charge_columns(
            'other',
            own={
                'service_key': 'service_category',
            },
        ) }}

    from delivered_charges

)

select * from mapped
where {{ is_of_months(months_to_map()) }}
