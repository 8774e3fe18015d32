-- The pools of cost, summed before anything is split: what a pool holds and what all its charges have in common. Of the
-- months that a run makes: what comes of them is kept (int_allocation_steps), the way there is not.
with charges as (

    select * from {{ ref('int_charges_matched_to_rules') }}
    where {{ is_of_months_made('billing_period') }}

),

pools as (

    select
        pool_id,
        rule_version,
        {%- for column in pool_key_columns() %}
        {{ column }},
        {%- endfor %}
        {%- for measure in cost_measures() %}
        cast(sum({{ measure }}) as {{ money_type() }}) as {{ measure }},
        {%- endfor %}
        cast(sum(charges) as bigint) as charges
    from charges
    group by
        pool_id,
        rule_version,
        {{ pool_key_columns() | join(',\n        ') }}

)

select * from pools
