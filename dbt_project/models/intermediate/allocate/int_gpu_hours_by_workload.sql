-- What telemetry says: GPU-hours held by whom, where and on which UTC day. What the bill says about the same machines
-- is int_gpu_machines; where the two meet is int_gpu_hours_by_scope.
{%- set columns = ['cluster', 'node', 'node_pool', 'gpu_model', 'capacity_type'] + consumer_columns() %}

with gpu_hours as (

    select * from {{ ref('stg_usage__gpu_hours') }}

),

-- rules for different clusters or months may read telemetry in different ways
bases as (

    select distinct basis
    from {{ ref('stg_allocation_rules') }}
    where driver = 'gpu_hours'

),

gpu_hours_on_basis as (

    select
        gpu_hours.usage_start,
        gpu_hours.usage_end,
        lower(gpu_hours.cluster) as cluster,
        lower(gpu_hours.node) as node,
        lower(gpu_hours.node_pool) as node_pool,
        {{ gpu_model_key('gpu_hours.gpu_model') }} as gpu_model,
        lower(gpu_hours.capacity_type) as capacity_type,
        {%- for column in consumer_columns() %}
        gpu_hours.{{ column }},
        {%- endfor %}
        coalesce(bases.basis, 'requested') as basis,
        -- a feed that does not measure use has what was requested
        case bases.basis
            when 'used' then coalesce(gpu_hours.gpu_hours_used, gpu_hours.gpu_hours_requested)
            when 'max'
                then greatest(
                    gpu_hours.gpu_hours_requested, coalesce(gpu_hours.gpu_hours_used, gpu_hours.gpu_hours_requested)
                )
            else gpu_hours.gpu_hours_requested
        end as gpu_hours
    from gpu_hours
    left join bases
        on true

),

gpu_hours_by_day as (

    {{ cut_by_day('gpu_hours_on_basis', ['basis'] + columns, ['gpu_hours']) }}

),

gpu_hours_by_consumer as (

    select
        usage_date,
        basis,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        cast(sum(gpu_hours) as {{ money_type() }}) as gpu_hours
    from gpu_hours_by_day
    group by
        usage_date,
        basis,
        {{ columns | join(',\n        ') }}

)

select
    {{ digest(['cluster', 'node', 'node_pool', 'gpu_model', 'capacity_type']) }} as place_id,
    {{ consumer_key() }} as consumer_key,
    *
from gpu_hours_by_consumer
