with

delivered_charges as (

    select * from {{ ref('stg_other__focus_charges') }}

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
