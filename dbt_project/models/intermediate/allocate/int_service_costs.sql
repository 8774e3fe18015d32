-- What shared services cost: the pools of their rules, and the parts of other pools that a service used (a workload
-- with the service's name on a GPU cluster, in a bucket, of another rule). What it passes on is the matter of
-- int_service_costs_passed_on and int_service_costs_split_by_usage.
{{ config(materialized='view') }}
{%- set services = allocation_rules() | selectattr('service') | list %}

with pools as (

    select * from {{ ref('int_pools') }}

),

rules as (

    select * from {{ ref('stg_allocation_rules') }}
    where service is not null

),

service_pools as (

    select
        pools.pool_id,
        pools.pool_id as origin_pool_id,
        1 as hop,
        rules.service,
        pools.driver_window,
        cast(null as string) as idle_type,
        {%- for measure in cost_measures() %}
        pools.{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from pools
    inner join rules
        on pools.rule = rules.rule
    where pools.pool_kind = 'service'

)
{%- if services %},

consumers as (

    select * from {{ ref('int_consumers') }}

),

exits as (

    select distinct
        service,
        driver_window
    from {{ ref('int_service_exits') }}

),

parts as (
    {% for model in [
        'int_gpu_costs_split_by_gpu_hours', 'int_storage_costs_split_by_usage', 'int_costs_split_by_rules',
        'int_idle_costs_carried',
    ] %}
    {%- set is_carried = model == 'int_idle_costs_carried' %}
    select
        {{ digest(['pool_id', 'consumer_key']) }} as pool_id,
        {{ 'origin_pool_id' if is_carried else 'pool_id as origin_pool_id' }},
        {{ 3 if is_carried else 2 }} as hop,
        {{
            'idle_type' if is_carried
            else idle_type_of('consumer_key') if model == 'int_gpu_costs_split_by_gpu_hours'
            else 'cast(null as string)'
        }} as idle_type,
        {%- for measure in cost_measures() %}
        allocated_{{ measure }} as {{ measure }},
        {%- endfor %}
        consumer_key
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

parts_of_services as (

    select
        parts.pool_id,
        parts.origin_pool_id,
        parts.hop,
        rules.service,
        case
            when rules.driver_window = 'month' or length(pools.driver_window) = length('2026-10')
                then pools.billing_period
            else cast(pools.charge_date as string)
        end as driver_window,
        parts.idle_type,
        {%- for measure in cost_measures() %}
        parts.{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    inner join consumers
        on parts.consumer_key = consumers.consumer_key
    inner join rules
        on lower(consumers.workload) = rules.service
    inner join pools
        on parts.origin_pool_id = pools.pool_id
    where {{ service_in_force('consumers.workload', 'pools.driver_window') }} is not null

)

select * from service_pools
union all
select parts_of_services.*
from parts_of_services
inner join exits
    on
        parts_of_services.service = exits.service
        and parts_of_services.driver_window = exits.driver_window
{%- else %}

select * from service_pools
{%- endif %}
-- depends_on: {{ ref('int_consumers') }}
-- depends_on: {{ ref('int_service_exits') }}
-- depends_on: {{ ref('int_gpu_costs_split_by_gpu_hours') }}
-- depends_on: {{ ref('int_storage_costs_split_by_usage') }}
-- depends_on: {{ ref('int_costs_split_by_rules') }}
-- depends_on: {{ ref('int_idle_costs_carried') }}
