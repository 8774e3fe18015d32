{{ config(materialized='table') }}
{#- A table: small, and joined to every charge. -#}

with

ownership_rules as (

    select * from {{ ref('stg_ownership_rules') }}

),

charges as (

    select * from {{ ref('int_charges_unioned') }}

),

meters as (

    select * from {{ ref('int_meters_classified') }}

),

matches as (

    select
        charges.charge_id,
        ownership_rules.*

    from ownership_rules
    inner join charges
        on
            coalesce(ownership_rules.source_name, charges.source_name) = charges.source_name
            and coalesce(ownership_rules.first_day, charges.charge_date) <= charges.charge_date
            and (ownership_rules.end_day is null or ownership_rules.end_day > charges.charge_date)
    inner join meters
        on charges.meter_key = meters.meter_key
    where {{ charge_is_selected('ownership_rules', 'selected') }}

),

owned as (

    select
        charge_id,
        {% for column in tag_owner_columns() %}
        min_by({{ column }}, rule_order) filter (where {{ column }} is not null) as {{ column }},
        min_by(rule, rule_order) filter (where {{ column }} is not null) as {{ column }}_rule
        {{- ',' if not loop.last }}
        {% endfor %}

    from matches
    group by charge_id

)

select * from owned
