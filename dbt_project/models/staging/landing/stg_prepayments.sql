{{ config(materialized='ephemeral') }}
{#- A few rows that one model reads. -#}

with

prepayments as (

    select * from {{ landed(source('raw', 'prepayments')) }}

),

renamed as (

    select
        prepayment,
        rule_order,
        source_name,
        first_day,
        end_day,
        capacity_per_day,
        has_usage,
        {% for column in charge_selection_columns() %}
        purchase_{{ column }},
        usage_{{ column }}{{ ',' if not loop.last }}
        {% endfor %}

    from prepayments

)

select * from renamed
