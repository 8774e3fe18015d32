-- Splits the pools of buckets: stored bytes by byte-hours, requests by the accesses counted. Guarantees that the parts
-- add up to the pools exactly.
with storage_pools as (

    select * from {{ ref('int_pools') }}
    where pool_kind = 'bucket' and driver_scope is not null

),

usage_by_scope as (

    select * from {{ ref('int_storage_usage_by_scope') }}

),

pool_weights as (

    select
        storage_pools.pool_id,
        usage_by_scope.consumer_key,
        usage_by_scope.weight
    from storage_pools
    inner join usage_by_scope
        on storage_pools.driver_scope = usage_by_scope.driver_scope

),

parts as (

    {{ split_exactly('storage_pools', 'pool_weights', cost_measures()) }}

),

quanta as (

    select
        driver_scope,
        max(quantum) as quantum
    from usage_by_scope
    group by driver_scope

)

select
    parts.pool_id,
    parts.consumer_key,
    case when storage_pools.driver_scope like 'requests/%' then 'Requests' else 'Byte-Hours' end as driver_unit,
    cast(parts.weight * quanta.quantum as {{ money_type() }}) as driver_quantity,
    cast(parts.total_weight * quanta.quantum as {{ money_type() }}) as driver_total,
    parts.share,
    {%- for measure in cost_measures() %}
    cast(parts.{{ measure }}_residual as {{ money_type() }}) as {{ measure }}_residual,
    parts.{{ measure }} as allocated_{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from parts
inner join storage_pools
    on parts.pool_id = storage_pools.pool_id
left join quanta
    on storage_pools.driver_scope = quanta.driver_scope
