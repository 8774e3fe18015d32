-- How much of the pool of charges it comes from each part of a split pool is, over all hops: its ratio, and its part of
-- the pool's quantities. Guarantees that ratios of final parts sum to 1 in every pool, and quantities to the pool's.
--
-- A ratio is carried along the hops like money, in thousands so that it keeps 15 decimals: 1 for the pool, split by the
-- same shares. Readers of JSON take numbers for doubles, which hold 15 digits and no more.
{{ config(materialized='ephemeral') }}
{%- set measures = ['ratio', 'pricing_quantity', 'consumed_quantity'] %}
{%- set rules = allocation_rules() %}
{%- set last_hop = 1 + (1 if rules | rejectattr('idle_policy', 'equalto', 'visible') | list else 0)
    + (2 if rules | selectattr('service') | list else 0)
    + (1 if rules | selectattr('commitment_benefit', 'equalto', 'spread') | list else 0) %}

with steps as (

    select * from {{ ref('int_allocation_steps') }}
    where {{ is_of_months_made('billing_period') }}

),

dimensions as (

    select * from {{ ref('int_pool_dimensions') }}

),

-- a pool that is one part as a whole was not split: an owner's, a commitment holder's, nobody's
split_pools as ( -- noqa: ST03

    select distinct
        steps.pool_id,
        cast(0.001 as {{ money_type() }}) as ratio,
        coalesce(dimensions.pricing_quantity, 0) as pricing_quantity,
        coalesce(dimensions.consumed_quantity, 0) as consumed_quantity
    from steps
    inner join dimensions
        on steps.pool_id = dimensions.pool_id
    where
        steps.hop = 1
        and (
            not steps.is_final
            or (steps.driver_scope is not null and steps.method <> 'missing_driver')
        )

),
{% for hop in range(1, last_hop + 1) %}
shares_of_hop_{{ hop }} as (

    select
        pool_id,
        allocation_id as consumer_key,
        cast(cast(share as decimal(19, 15)) * cast(1000000000000000 as decimal(19, 0)) as bigint) as weight
    from steps
    where hop = {{ hop }}

),

parts_of_hop_{{ hop }} as (
    {% if hop > 1 %}
    {%- set before = 'parts_of_hop_' ~ (hop - 1) %}
    {{ split_exactly('moved_on_in_hop_' ~ (hop - 1), 'shares_of_hop_' ~ hop, measures) }}
    {% else %}
    {{ split_exactly('split_pools', 'shares_of_hop_1', measures) }}
    {% endif %}
),

moved_on_in_hop_{{ hop }} as (

    select
        consumer_key as pool_id,
        {{ measures | join(',\n        ') }}
    from parts_of_hop_{{ hop }}
    where consumer_key in (
        select steps.allocation_id
        from steps
        where not steps.is_final
    )

),
{% endfor %}
parts as (
    {% for hop in range(1, last_hop + 1) %}
    select
        consumer_key as allocation_id,
        cast(cast(ratio as decimal(19, 18)) * cast(1000 as decimal(4, 0)) as {{ money_type() }}) as ratio,
        pricing_quantity,
        consumed_quantity
    from parts_of_hop_{{ hop }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from parts
