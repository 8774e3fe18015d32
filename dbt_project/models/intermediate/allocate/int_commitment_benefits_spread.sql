-- Who carries how much of the effective cost of usage that commitments may cover, where a rule spreads their benefit: a
-- machine's cost then does not depend on whether the discount landed on it. In a group of usage that one commitment can
-- cover (account, service, region, GPU model and day) every part's effective cost becomes the same fraction of its
-- contracted cost. What a part pays too much for moves to parts that paid too little; billed, list and contracted cost
-- stay. Guarantees that what moves leaves one part and enters another, to the last digit.
--
-- Amounts move as they lie in order, the first surplus to the first shortfall: no product, no division, and fewer rows
-- than there are parts.
{{ config(materialized='ephemeral') }}
{%- set group_columns = [
    'source_name', 'billing_account_id', 'billing_currency', 'billing_period', 'charge_date', 'service_name',
    'region_id', 'gpu_model',
] %}
{%- set spreading = [] %}
{%- for rule in allocation_rules() if rule.commitment_benefit == 'spread' %}
    {%- do spreading.append(text_literal(rule.rule)) %}
{%- endfor %}

with parts as (

    select * from {{ ref('int_parts_before_benefits') }}

),

-- spot usage has no commitment's price, and what a commitment left unused is no usage
eligible_pools as (

    select
        {{ digest(group_columns) }} as group_id,
        pool_id,
        pricing_category
    from {{ ref('int_pools') }}
    where
        rule in ({{ spreading | join(', ') or 'null' }})
        and pool_kind in ('gpu_cluster', 'owner')
        and charge_category = 'Usage'
        and pricing_category in ('Standard', 'Committed')
        and commitment_discount_id is null
        and unallocated_reason is null
        -- a cluster without telemetry is its rule's owner's, and its driver stays missing
        and (pool_kind = 'owner' or driver_scope is not null)

),

covered_groups as (

    select distinct group_id
    from eligible_pools
    where pricing_category = 'Committed'

),

members as (

    select
        eligible_pools.group_id,
        {{ millionths('parts.allocated_contracted_cost') }} as weight,
        parts.*
    from parts
    inner join eligible_pools
        on parts.origin_pool_id = eligible_pools.pool_id
    inner join covered_groups
        on eligible_pools.group_id = covered_groups.group_id
    where
        not parts.is_moved_on
        and parts.missing_reason is null
        and parts.consumer_key not in ('', {{ unexplained_consumer_key() }})
        and parts.allocated_effective_cost >= 0
        and parts.allocated_contracted_cost >= 0.000001

),

group_totals as ( -- noqa: ST03

    select
        group_id as pool_id,
        cast(sum(allocated_effective_cost) as {{ money_type() }}) as effective_cost
    from members
    group by group_id

),

member_weights as ( -- noqa: ST03

    select
        group_id as pool_id,
        allocation_id as consumer_key,
        weight
    from members

),

fair_parts as (

    {{ split_exactly('group_totals', 'member_weights', ['effective_cost']) }}

),

differences as (

    select
        members.*,
        fair_parts.effective_cost as fair_effective_cost,
        members.allocated_effective_cost - fair_parts.effective_cost as surplus
    from members
    inner join fair_parts
        on members.allocation_id = fair_parts.consumer_key

),

surpluses as (

    select
        *,
        cast(sum(surplus) over (partition by group_id order by allocation_id) as {{ money_type() }}) as surplus_to
    from differences
    where surplus > 0

),

shortfalls as (

    select
        *,
        cast(sum(-surplus) over (partition by group_id order by allocation_id) as {{ money_type() }}) as shortfall_to
    from differences
    where surplus < 0

),

moved as (

    select
        surpluses.allocation_id as pool_id,
        surpluses.origin_pool_id,
        surpluses.hop,
        shortfalls.consumer_key,
        shortfalls.allocation_id as carrier_allocation_id,
        shortfalls.origin_pool_id as carrier_pool_id,
        shortfalls.idle_type,
        least(surpluses.surplus_to, shortfalls.shortfall_to) - greatest(
            surpluses.surplus_to - surpluses.surplus, shortfalls.shortfall_to + shortfalls.surplus
        ) as effective_cost
    from surpluses
    inner join shortfalls
        on
            surpluses.group_id = shortfalls.group_id
            and surpluses.surplus_to - surpluses.surplus < shortfalls.shortfall_to
            and shortfalls.shortfall_to + shortfalls.surplus < surpluses.surplus_to

),

-- effective cost alone moves, so the part keeps the whole share and the amount stands in the residual
hops as (

    select
        allocation_id as pool_id,
        origin_pool_id,
        hop + 1 as hop,
        consumer_key,
        allocation_id as carrier_allocation_id,
        origin_pool_id as carrier_pool_id,
        idle_type,
        1 as share,
        -surplus as effective_cost_residual,
        {%- for measure in cost_measures() %}
        {{ 'fair_effective_cost' if measure == 'effective_cost' else 'allocated_' ~ measure }} as {{ measure }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from surpluses
    union all
    select
        pool_id,
        origin_pool_id,
        hop + 1 as hop,
        consumer_key,
        carrier_allocation_id,
        carrier_pool_id,
        idle_type,
        0 as share,
        effective_cost as effective_cost_residual,
        {%- for measure in cost_measures() %}
        {{ 'effective_cost' if measure == 'effective_cost' else '0' }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from moved

)

select
    {{ digest(['pool_id', 'carrier_allocation_id']) }} as allocation_id,
    origin_pool_id,
    pool_id,
    consumer_key,
    cast(null as string) as driver_unit,
    cast(null as {{ money_type() }}) as driver_quantity,
    cast(null as {{ money_type() }}) as driver_total,
    cast(share as decimal(16, 15)) as share,
    {%- for measure in cost_measures() %}
    cast({{ 'effective_cost_residual' if measure == 'effective_cost' else 0 }} as {{ money_type() }})
        as {{ measure }}_residual,
    cast({{ measure }} as {{ money_type() }}) as allocated_{{ measure }},
    {%- endfor %}
    hop,
    'usage' as step,
    'commitment_benefit' as method,
    'contracted_cost' as driver,
    cast(null as string) as missing_reason,
    idle_type,
    false as is_moved_on,
    carrier_pool_id
from hops
