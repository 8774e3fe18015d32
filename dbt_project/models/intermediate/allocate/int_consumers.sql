-- The consumers that usage feeds and rules name, each under the one key that splits use for it. Who carries overhead is
-- known only after the other steps and stands in int_overhead_weights.
{%- set rules = allocation_rules() %}
{%- set named = [] %}
{%- for rule in rules %}
    {%- do named.append(rule.owner) if rule.owner %}
    {%- for share in rule.shares %}
        {%- do named.append(share.consumer) %}
    {%- endfor %}
    {%- do named.append({'workload': rule.service}) if rule.service %}
{%- endfor %}
{%- set has_holders = rules | selectattr('idle_policy', 'equalto', 'reservation_holder') | list | length > 0 %}
-- depends_on: {{ ref('int_charges_attributed_to_owners') }}

with consumers_of_gpu_hours as (

    select
        consumer_key,
        {{ consumer_columns() | join(',\n        ') }}
    from {{ ref('int_gpu_hours_by_workload') }}
    where not {{ is_nobodys_idle('consumer_key') }}

),

consumers_of_storage as (

    select
        consumer_key,
        {{ consumer_columns() | join(',\n        ') }}
    from {{ ref('int_storage_usage_by_consumer') }}

),

consumers_of_rules as (

    select
        consumer_key,
        {{ consumer_columns() | join(',\n        ') }}
    from {{ ref('int_rule_usage_by_consumer') }}
    {%- for consumer in named %}
    union all
    select
        {{ owner_key(consumer) }} as consumer_key,
        {%- for column in consumer_columns() %}
        {{ text_literal(consumer[column]) if consumer.get(column) else 'cast(null as string)' }} as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    {%- endfor %}
    {%- if has_holders %}
    union all
    select
        {{ consumer_key(tag_owner_columns()) }} as consumer_key,
        {%- for column in consumer_columns() %}
        {{ column if column in tag_owner_columns() else 'cast(null as string)' }} as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_charges_attributed_to_owners') }}
    where
        coalesce({{ tag_owner_columns() | join(', ') }}) is not null
        and {{ is_of_months_made('charge_date') }}
    {%- endif %}

),

consumers as (

    select * from consumers_of_gpu_hours
    union
    select * from consumers_of_storage
    union
    select * from consumers_of_rules

)

select * from consumers
