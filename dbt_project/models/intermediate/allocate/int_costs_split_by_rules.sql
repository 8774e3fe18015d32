-- Splits the pools of rules that name a usage feed or fixed shares. Guarantees that the parts add up to the pools
-- exactly. A pool without driver is one part, of nobody or of the owner the rule names for that case.
{%- set rules = allocation_rules() | selectattr('pool_kind', 'equalto', 'rule') | list %}

with rule_pools as (

    select * from {{ ref('int_pools') }}
    where pool_kind = 'rule'

),

usage_by_scope as (

    select * from {{ ref('int_rule_usage_by_scope') }}

),

drivers as (

    select * from {{ rule_driver_columns(rules) }} as listed

),

pool_weights as (

    select
        rule_pools.pool_id,
        usage_by_scope.consumer_key,
        usage_by_scope.weight
    from rule_pools
    inner join usage_by_scope
        on rule_pools.driver_scope = usage_by_scope.driver_scope
    {%- for rule in rules if rule.driver == 'fixed' %}
    {%- for share in rule.shares %}
    union all
    select
        pool_id,
        {{ owner_key(share.consumer) }} as consumer_key,
        cast({{ share.weight }} as bigint) as weight
    from rule_pools
    where rule = {{ text_literal(rule.rule) }}
    {%- endfor %}
    {%- endfor %}

),

parts as (

    {{ split_exactly('rule_pools', 'pool_weights', cost_measures()) }}

),

quanta as (

    select
        driver_scope,
        max(quantum_millionths) as quantum_millionths
    from usage_by_scope
    group by driver_scope

)

select
    parts.pool_id,
    coalesce(parts.consumer_key, drivers.missing_owner_key) as consumer_key,
    drivers.driver,
    drivers.driver_unit,
    {{ quantity_of_quanta('parts.weight', 'quanta.quantum_millionths') }} as driver_quantity,
    {{ quantity_of_quanta('parts.total_weight', 'quanta.quantum_millionths') }} as driver_total,
    parts.share,
    {%- for measure in cost_measures() %}
    cast(parts.{{ measure }}_residual as {{ money_type() }}) as {{ measure }}_residual,
    parts.{{ measure }} as allocated_{{ measure }},
    {%- endfor %}
    case
        when parts.consumer_key is not null then null
        when quanta.driver_scope is null then 'no ' || drivers.driver || ' of ' || rule_pools.driver_scope
        else 'nobody used ' || rule_pools.driver_scope
    end as missing_reason
from parts
inner join rule_pools
    on parts.pool_id = rule_pools.pool_id
left join drivers
    on rule_pools.rule = drivers.rule
left join quanta
    on rule_pools.driver_scope = quanta.driver_scope
