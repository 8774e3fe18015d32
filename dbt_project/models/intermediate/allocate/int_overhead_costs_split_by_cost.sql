-- Splits overhead (support, tax, platform, security, unused commitments where a rule says so) in proportion to the
-- cost that its payers carry already, or evenly among them. Guarantees that the parts add up to the pools exactly.
{%- set rules = allocation_rules() | selectattr('pool_kind', 'equalto', 'overhead') | list %}

with overhead_pools as (

    select * from {{ ref('int_pools') }}
    where pool_kind = 'overhead'

),

weights as (

    select * from {{ ref('int_overhead_weights') }}

),

drivers as (

    select * from {{ rule_driver_columns(rules) }} as listed

),

pool_weights as (

    select
        overhead_pools.pool_id,
        weights.consumer_key,
        weights.weight
    from overhead_pools
    inner join weights
        on overhead_pools.driver_scope = weights.driver_scope

),

quanta as (

    select
        driver_scope,
        max(quantum_millionths) as quantum_millionths
    from weights
    group by driver_scope

),

parts as (

    {{ split_exactly('overhead_pools', 'pool_weights', cost_measures()) }}

)

select
    parts.pool_id,
    coalesce(parts.consumer_key, drivers.missing_owner_key) as consumer_key,
    drivers.driver,
    case when drivers.driver = 'cost' then overhead_pools.billing_currency else drivers.driver_unit end as driver_unit,
    case
        when drivers.driver = 'even' then cast(parts.weight as {{ money_type() }})
        else {{ quantity_of_quanta('parts.weight', 'quanta.quantum_millionths') }}
    end as driver_quantity,
    case
        when drivers.driver = 'even' then cast(parts.total_weight as {{ money_type() }})
        else {{ quantity_of_quanta('parts.total_weight', 'quanta.quantum_millionths') }}
    end as driver_total,
    parts.share,
    {%- for measure in cost_measures() %}
    cast(parts.{{ measure }}_residual as {{ money_type() }}) as {{ measure }}_residual,
    parts.{{ measure }} as allocated_{{ measure }},
    {%- endfor %}
    case when parts.consumer_key is null then 'nobody carries cost of ' || overhead_pools.driver_scope end
        as missing_reason
from parts
inner join overhead_pools
    on parts.pool_id = overhead_pools.pool_id
left join drivers
    on overhead_pools.rule = drivers.rule
left join quanta
    on overhead_pools.driver_scope = quanta.driver_scope
