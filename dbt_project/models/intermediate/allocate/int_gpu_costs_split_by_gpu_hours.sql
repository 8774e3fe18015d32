-- Splits the pools of GPU clusters by the micro-GPU-hours held in their scope. Guarantees that the parts add up to the
-- pools exactly.
with gpu_pools as (

    select * from {{ ref('int_pools') }}
    where pool_kind = 'gpu_cluster' and driver_scope is not null

),

gpu_hours_by_scope as (

    select * from {{ ref('int_gpu_hours_by_scope') }}

),

pool_weights as (

    select
        gpu_pools.pool_id,
        gpu_hours_by_scope.consumer_key,
        gpu_hours_by_scope.weight
    from gpu_pools
    inner join gpu_hours_by_scope
        on gpu_pools.driver_scope = gpu_hours_by_scope.driver_scope

),

parts as (

    {{ split_exactly('gpu_pools', 'pool_weights', cost_measures()) }}

)

select
    parts.pool_id,
    parts.consumer_key,
    case
        when gpu_pools.driver_scope like '%/cpu' then 'Core-Hours'
        when gpu_pools.driver_scope like '%/memory' then 'GiB-Hours'
        when gpu_pools.driver_scope like '%, weighted %' then 'Weighted GPU-Hours'
        else 'GPU-Hours'
    end as driver_unit,
    cast({{ from_millionths('parts.weight') }} as {{ money_type() }}) as driver_quantity,
    cast({{ from_millionths('parts.total_weight') }} as {{ money_type() }}) as driver_total,
    parts.share,
    {%- for measure in cost_measures() %}
    cast(parts.{{ measure }}_residual as {{ money_type() }}) as {{ measure }}_residual,
    parts.{{ measure }} as allocated_{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from parts
inner join gpu_pools
    on parts.pool_id = gpu_pools.pool_id
