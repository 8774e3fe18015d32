-- Every part of every pool, with its consumer and with what it is when nobody is: idle, or unallocated for a reason.
{%- set part_columns = ['pool_id', 'consumer_key', 'driver_unit', 'driver_quantity', 'driver_total', 'share'] %}
{%- for measure in cost_measures() %}
    {%- do part_columns.extend([measure ~ '_residual', 'allocated_' ~ measure]) %}
{%- endfor %}

with parts as (

    select {{ part_columns | join(', ') }} from {{ ref('int_gpu_costs_split_by_gpu_hours') }}
    union all
    select {{ part_columns | join(', ') }} from {{ ref('int_storage_costs_split_by_usage') }}
    union all
    select {{ part_columns | join(', ') }} from {{ ref('int_costs_attributed_directly') }}

),

pools as (

    select * from {{ ref('int_pools') }}

),

consumers as (

    select * from {{ ref('int_consumers') }}

),

rules as (

    select * from {{ ref('stg_allocation_rules') }}

),

parts_in_pools as (

    select
        {{ digest(['parts.pool_id', 'parts.consumer_key']) }} as allocation_id,
        pools.*,
        rules.rule,
        parts.consumer_key,
        parts.driver_unit,
        parts.driver_quantity,
        parts.driver_total,
        parts.share,
        {%- for measure in cost_measures() %}
        parts.{{ measure }}_residual,
        parts.allocated_{{ measure }},
        {%- endfor %}
        {%- for column in consumer_columns() %}
        {% if column in tag_owner_columns() -%}
        coalesce(pools.{{ column }}, consumers.{{ column }})
        {%- else -%}
        consumers.{{ column }}
        {%- endif %} as consumer_{{ column }},
        {%- endfor %}
        case
            when pools.unallocated_reason is not null then pools.unallocated_reason
            when pools.pool_kind not in ('gpu_cluster', 'bucket') then null
            when parts.consumer_key = {{ unexplained_consumer_key() }} then 'bytes not in the feed'
            when parts.consumer_key is null then 'nobody used ' || pools.driver_scope
            when parts.consumer_key = '' then 'the feed names no consumer'
        end as reason,
        case
            when pools.pool_kind = 'commitment' then 'unused_commitment'
            when pools.pool_kind = 'gpu_cluster' and parts.consumer_key = {{ idle_consumer_key() }}
                then 'unallocated_capacity'
        end as idle_type
    from parts
    inner join pools
        on parts.pool_id = pools.pool_id
    left join consumers
        on
            pools.driver_scope is not null
            and parts.consumer_key = consumers.consumer_key
    left join rules
        on pools.pool_kind = rules.pool_kind

)

select
    allocation_id,
    pool_id,
    consumer_key,
    source_name,
    provider,
    billing_account_id,
    sub_account_id,
    billing_currency,
    billing_period,
    charge_date,
    charge_category,
    pricing_category,
    service_category,
    service_name,
    region_id,
    cost_layer,
    pool_kind,
    pool_level,
    driver_window,
    driver_scope,
    cluster,
    gpu_model,
    capacity_type,
    bucket,
    storage_class,
    storage_measure,
    commitment_discount_id,
    model_id,
    token_direction,
    rule,
    case
        when pool_kind = 'owner' then 'direct'
        when driver_scope is not null then 'usage'
        else 'rest'
    end as step,
    case
        when pool_kind = 'owner' then 'owner_tag'
        when pool_kind = 'commitment' then 'commitment_holder'
        when pool_kind = 'rest' then 'no_owner'
        when driver_scope is null then 'missing_driver'
        when pool_kind = 'gpu_cluster' then 'gpu_hours'
        when driver_unit = 'Requests' then 'requests'
        else 'byte_hours'
    end as method,
    case
        when pool_kind = 'owner' then 'direct'
        when pool_kind = 'gpu_cluster' then 'gpu_hours'
        when pool_kind = 'bucket' and driver_unit = 'Requests' then 'storage_access'
        when pool_kind = 'bucket' and driver_scope is null and storage_measure = 'requests' then 'storage_access'
        when pool_kind = 'bucket' then 'storage_bytes'
    end as driver,
    driver_unit,
    driver_quantity,
    driver_total,
    share,
    {%- for measure in cost_measures() %}
    {{ measure }}_residual,
    allocated_{{ measure }},
    {%- endfor %}
    {%- for column in consumer_columns() %}
    consumer_{{ column }} as {{ column }},
    {%- endfor %}
    idle_type is not null as is_idle,
    idle_type,
    reason is not null as is_unallocated,
    reason as unallocated_reason,
    rule_version
from parts_in_pools
