{{ config(materialized='kept_months', kept_by='billing_period') }}
-- Every hop of every pool's cost, with its consumer and with what it is when nobody is: idle, or unallocated for a
-- reason. A hop with is_final is an amount of the ledger; the others were split again in a later hop.
{%- set spreading = allocation_rules() | selectattr('commitment_benefit', 'equalto', 'spread') | list %}
{%- set carriers = 'carriers' if spreading else 'pools' %}

with parts as (

    select * from {{ ref('int_parts_before_overhead') }}
    union all
    select
        {{ digest(['pool_id', 'consumer_key']) }} as allocation_id,
        pool_id as origin_pool_id,
        pool_id,
        consumer_key,
        driver_unit,
        driver_quantity,
        driver_total,
        share,
        {{ part_measures() | join(',\n        ') }},
        1 as hop,
        case when missing_reason is null then 'overhead' else 'rest' end as step,
        case when missing_reason is null then driver else 'missing_driver' end as method,
        driver,
        missing_reason,
        cast(null as string) as idle_type,
        false as is_moved_on,
        pool_id as carrier_pool_id
    from {{ ref('int_overhead_costs_split_by_cost') }}

),

pools as (

    select * from {{ ref('int_pools') }}

),

consumers as (

    select * from {{ ref('int_consumers') }}
    union
    select
        consumer_key,
        {{ consumer_columns() | join(',\n        ') }}
    from {{ ref('int_overhead_weights') }}

),

rules as (

    select * from {{ ref('stg_allocation_rules') }}

),

-- Azure periods whose two deliveries show different usage are provisional, whatever the month
unequal_periods as (

    select distinct
        source_name,
        billing_period
    from {{ ref('int_azure__exports_paired') }}
    where is_unequal_pair

),

parts_in_pools as (

    select
        parts.allocation_id,
        parts.pool_id,
        parts.hop,
        parts.step as step_of_part,
        parts.method as method_of_part,
        parts.driver as driver_of_part,
        not parts.is_moved_on as is_final,
        {%- for column in ['rule_version'] + pool_key_columns() if column not in tag_owner_columns() %}
        pools.{{ column }},
        {%- endfor %}
        pools.pool_id as origin_pool_id,
        rules.step as step_of_rule,
        rules.owner as owner_of_rule,
        parts.consumer_key,
        parts.driver_unit,
        parts.driver_quantity,
        parts.driver_total,
        parts.share,
        {%- for column in part_measures() %}
        parts.{{ column }},
        {%- endfor %}
        {%- for column in consumer_columns() %}
        {% if column == 'model_name' -%}
        -- a managed model's meter names the model, whatever the feed says of its users
        coalesce({{ carriers }}.model_name, consumers.model_name, {{ carriers }}.model_id)
        {%- elif column in tag_owner_columns() -%}
        coalesce({{ carriers }}.{{ column }}, consumers.{{ column }})
        {%- else -%}
        consumers.{{ column }}
        {%- endif %} as consumer_{{ column }},
        {%- endfor %}
        case
            when pools.unallocated_reason is not null then pools.unallocated_reason
            -- a rule may name an owner for what has no driver
            when parts.missing_reason is not null then case
                when parts.consumer_key is null or parts.method = 'closed_loop' then parts.missing_reason
            end
            when pools.driver_scope is not null and parts.consumer_key = '' then 'the feed names no consumer'
            when pools.pool_kind not in ('gpu_cluster', 'bucket') or parts.hop > 1 then null
            when parts.consumer_key = {{ unexplained_consumer_key() }} then case
                when pools.pool_kind = 'bucket' then 'bytes not in the feed'
                else 'no gpu_hours of cluster ' || pools.cluster || ' on some days of ' || pools.driver_window
            end
            when parts.consumer_key is null then 'nobody used ' || pools.driver_scope
        end as reason,
        case
            when pools.pool_kind = 'commitment' or pools.commitment_discount_id is not null then 'unused_commitment'
            when pools.pool_kind = 'idle' then 'unallocated_capacity'
            else parts.idle_type
        end as idle_type,
        pools.billing_period >= {{ open_billing_period() }}
        or unequal_periods.billing_period is not null as is_provisional
    from parts
    inner join pools
        on parts.origin_pool_id = pools.pool_id
    {%- if spreading %}
    inner join pools as carriers
        on parts.carrier_pool_id = carriers.pool_id
    {%- endif %}
    left join consumers
        on
            {{ carriers }}.driver_scope is not null
            and parts.consumer_key = consumers.consumer_key
    left join rules
        on pools.rule = rules.rule
    left join unequal_periods
        on
            pools.source_name = unequal_periods.source_name
            and pools.billing_period = unequal_periods.billing_period

)

select
    allocation_id,
    case when hop > 1 or pool_id <> origin_pool_id then pool_id end as parent_allocation_id,
    pool_id,
    origin_pool_id,
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
        when step_of_part is not null then step_of_part
        when pool_kind = 'owner' then 'direct'
        when driver_scope is not null then coalesce(step_of_rule, 'usage')
        else 'rest'
    end as step,
    case
        when method_of_part is not null then method_of_part
        when pool_kind = 'owner' then case when owner_of_rule = '{}' then 'owner_tag' else 'owner_rule' end
        when pool_kind = 'commitment' then 'commitment_holder'
        when pool_kind = 'idle' then 'gke_unallocated'
        when pool_kind = 'rest' then 'no_owner'
        when driver_scope is null then 'missing_driver'
        when pool_kind = 'gpu_cluster' then 'gpu_hours'
        when driver_unit = 'Requests' then 'requests'
        else 'byte_hours'
    end as method,
    case
        when hop > 1 or pool_kind in ('rule', 'service', 'overhead') then driver_of_part
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
    is_provisional,
    rule_version,
    hop,
    is_final
from parts_in_pools
