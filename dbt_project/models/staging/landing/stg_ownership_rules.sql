{{ config(materialized='ephemeral') }}
{#- A few rows that one model reads. -#}

with

ownership_rules as (

    select * from {{ landed(source('raw', 'ownership_rules')) }}

),

renamed as (

    select
        rule,
        rule_order,
        source_name,
        first_day,
        end_day,
        {% for column in tag_owner_columns() %}
        {{ column }},
        {% endfor %}
        {% for column in charge_selection_columns() %}
        selected_{{ column }}{{ ',' if not loop.last }}
        {% endfor %}

    from ownership_rules

)

select * from renamed
