{#- Claims of a FOCUS table with split charges: the rows of every pool sum to the pool in all four costs, and where a
    pool was split, the ratios in AllocatedMethodDetails sum to exactly 1. Returns the pools where this does not hold. -#}
{% test split_charges_are_whole(model, of_model) %}

with split_charges as (

    select
        x_PoolId as pool_id,
        {%- for column in ['BilledCost', 'EffectiveCost', 'ListCost', 'ContractedCost'] %}
        sum({{ column }}) as {{ cost_measures()[loop.index0] }},
        {%- endfor %}
        count(*) as parts,
        count(AllocatedMethodId) as split_parts,
        sum(
            -- as text: JSON readers make a number a double, which has fewer digits than a ratio
            cast(
                {{ replace_pattern('AllocatedMethodDetails', '^.*"AllocatedRatio":([0-9.]+).*$', '\\1') }}
                as {{ money_type() }}
            )
        ) as ratio
    from {{ model }}
    group by x_PoolId

),

pools as (

    select
        pool_id,
        {%- for measure in cost_measures() %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ months_beside(of_model, model) }} as of_model
    group by pool_id

)

select
    pools.pool_id as pool,
    split_charges.*
from pools
full outer join split_charges
    on pools.pool_id = split_charges.pool_id
where
    pools.pool_id is null
    or split_charges.pool_id is null
    {%- for measure in cost_measures() %}
    or pools.{{ measure }} <> split_charges.{{ measure }}
    {%- endfor %}
    or split_charges.split_parts not in (0, split_charges.parts)
    or coalesce(split_charges.ratio, case when split_charges.split_parts = 0 then 1 else 0 end) <> 1

{% endtest %}
