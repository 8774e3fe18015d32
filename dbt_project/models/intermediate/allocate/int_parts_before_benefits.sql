-- The parts of every step but overhead, in one shape, with the benefit of commitments where it fell. A part that a
-- later step takes up (idle cost that somebody carries, a shared service's cost) is_moved_on: it is a hop, not a final
-- amount.
{{ config(materialized='ephemeral') }}
{%- set no_text = 'cast(null as string)' %}
{%- set split_by_driver = [
    'origin_pool_id', 'pool_id', 'consumer_key', 'driver_unit', 'driver_quantity', 'driver_total', 'share',
] + part_measures() %}

with unioned as (
    {% for model in [
        'int_gpu_costs_split_by_gpu_hours', 'int_storage_costs_split_by_usage', 'int_costs_attributed_directly',
    ] %}
    select
        pool_id as origin_pool_id,
        {{ split_by_driver[1:] | join(',\n        ') }},
        1 as hop,
        {{ no_text }} as step,
        {{ no_text }} as method,
        {{ no_text }} as driver,
        {{ no_text }} as missing_reason,
        {{ idle_type_of('consumer_key') if model == 'int_gpu_costs_split_by_gpu_hours' else no_text }} as idle_type
    from {{ ref(model) }}
    union all
    {%- endfor %}
    select
        pool_id as origin_pool_id,
        {{ split_by_driver[1:] | join(',\n        ') }},
        1 as hop,
        case when missing_reason is not null then 'rest' end as step,
        case when missing_reason is null then driver else 'missing_driver' end as method,
        driver,
        missing_reason,
        {{ no_text }} as idle_type
    from {{ ref('int_costs_split_by_rules') }}
    union all
    select
        {{ split_by_driver | join(',\n        ') }},
        2 as hop,
        'usage' as step,
        method,
        case when method = 'idle_spread' then 'gpu_hours' when method = 'idle_reservation_holder' then 'cost' end
            as driver,
        {{ no_text }} as missing_reason,
        idle_type
    from {{ ref('int_idle_costs_carried') }}
    union all
    select
        {{ split_by_driver | join(',\n        ') }},
        hop,
        case when missing_reason is null then 'service' else 'rest' end as step,
        case when missing_reason is null then 'reciprocal' else 'closed_loop' end as method,
        'services' as driver,
        missing_reason,
        idle_type
    from {{ ref('int_service_costs_passed_on') }}
    union all
    select
        {{ split_by_driver | join(',\n        ') }},
        hop,
        case when missing_reason is null then 'service' else 'rest' end as step,
        case when missing_reason is null then driver else 'missing_driver' end as method,
        driver,
        missing_reason,
        idle_type
    from {{ ref('int_service_costs_split_by_usage') }}

),

parts as (

    select
        {{ digest(['pool_id', 'consumer_key']) }} as allocation_id,
        *
    from unioned

),

-- a part that is split again is the pool of its own parts
taken_up as (

    select distinct pool_id
    from {{ ref('int_idle_costs_carried') }}
    union
    select distinct pool_id
    from {{ ref('int_service_costs_passed_on') }}
    union
    select distinct pool_id
    from {{ ref('int_service_costs_split_by_usage') }}

)

select
    parts.*,
    taken_up.pool_id is not null as is_moved_on
from parts
left join taken_up
    on parts.allocation_id = taken_up.pool_id
