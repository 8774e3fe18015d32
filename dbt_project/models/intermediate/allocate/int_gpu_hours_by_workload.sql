-- What telemetry says: GPU-hours held by whom, where and on which UTC day (and in which hour, where a rule asks for
-- hours). What the bill says about the same machines is int_gpu_machines; where the two meet is int_gpu_hours_by_scope.
--
-- Hours that were held and not used are rows of their own where a rule tells them apart: warm_serving if the workload
-- serves requests, else held_idle if nothing of the row was used, else over_requested. A row without a measured use
-- was used as requested.
{%- set columns = ['cluster', 'node', 'node_pool', 'gpu_model', 'capacity_type'] + consumer_columns() %}
{%- set rules = allocation_rules() | selectattr('driver', 'equalto', 'gpu_hours') | list %}
{%- set bases = rules | map(attribute='basis') | unique | list or ['requested'] %}
{%- set has_hours = gpu_rules_by_the_hour() | length > 0 %}
{%- set usage_date = 'cast(usage_hour as date)' if has_hours else 'usage_date' %}
{%- set cut_columns = ['basis', 'unused_type'] + columns %}
{%- set counted = ['usage_start', 'usage_end', 'cluster', 'node', 'gpu_hours_requested', 'gpu_hours_used'] %}
{%- set consumers = consumer_columns() | reject('equalto', 'workload') | list %}
{%- set others = ['node_pool', 'gpu_model', 'capacity_type'] + consumers %}
-- depends_on: {{ ref('int_compute_hours_of_gpu_machines') }}

with telemetry as (

    select * from {{ ref('stg_usage__gpu_hours') }}
    where {{ touches_months_made('usage_start', 'usage_end') }}

),

split_usage as (

    select * from {{ ref('int_aws__split_usage') }}
    where gpu_hours_requested is not null

),

days_with_telemetry as (

    {{ days_told_of_clusters('telemetry') }}

),

-- what AWS says of pods counts where a cluster's own telemetry says nothing: both are about the same hours
telemetry_of_anybody as (

    select
        {{ (counted + ['workload'] + others) | join(',\n        ') }}
    from telemetry
    union all
    select
        {%- for column in counted + ['workload'] %}
        split_usage.{{ column }},
        {%- endfor %}
        {%- for column in others %}
        {{ 'split_usage.' ~ column if column in tag_owner_columns() else 'cast(null as string) as ' ~ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from split_usage
    left join days_with_telemetry
        on
            lower(split_usage.cluster) = days_with_telemetry.cluster
            and cast(split_usage.usage_start as date) = days_with_telemetry.usage_date
    where days_with_telemetry.cluster is null

),

gpu_hours as (

    select
        *,
        coalesce(gpu_hours_used, gpu_hours_requested) as used,
        greatest(gpu_hours_requested - gpu_hours_used, 0) as unused,
        case
            when {{ workload_kind('workload_type') }} = 'inference' then 'warm_serving'
            when gpu_hours_used = 0 then 'held_idle'
            else 'over_requested'
        end as type_if_unused
    from telemetry_of_anybody

),

-- rules for different clusters or months may read telemetry in different ways
gpu_hours_on_basis as (
    {% for basis in bases %}
    {{- 'union all' if not loop.first }}
    select
        {{ (['usage_start', 'usage_end', 'cluster', 'node', 'workload'] + others) | join(',\n        ') }},
        {{ text_literal(basis) }} as basis,
        cast(null as string) as unused_type,
        {{ {
            'requested': 'gpu_hours_requested',
            'max': 'greatest(gpu_hours_requested, used)',
            'requested, unused shown': 'least(gpu_hours_requested, used)',
        }.get(basis, 'used') }} as gpu_hours
    from gpu_hours
    {%- if basis not in ['requested', 'max'] %}
    union all
    select
        {{ (['usage_start', 'usage_end', 'cluster', 'node', 'workload'] + others) | join(',\n        ') }},
        {{ text_literal(basis) }} as basis,
        type_if_unused as unused_type,
        unused as gpu_hours
    from gpu_hours
    where unused > 0
    {%- endif %}
    {% endfor %}
    {%- if weighted_gpu_rules() %}
    union all
    select
        usage_start,
        usage_end,
        {%- for column in ['cluster', 'node', 'workload'] + others %}
        {{ 'cast(null as string) as ' ~ column if column in ['gpu_model', 'capacity_type'] else column }},
        {%- endfor %}
        component as basis,
        cast(null as string) as unused_type,
        -- core-hours and GiB-hours, which go through the same places as GPU-hours
        hours as gpu_hours
    from {{ ref('int_compute_hours_of_gpu_machines') }}
    {%- endif %}

),

comparable_gpu_hours as (

    select
        usage_start,
        usage_end,
        lower(cluster) as cluster,
        lower(node) as node,
        lower(node_pool) as node_pool,
        {{ gpu_model_key('gpu_model') }} as gpu_model,
        {{ capacity_type_key('capacity_type') }} as capacity_type,
        {%- for column in consumer_columns() %}
        -- on the basis of use nobody pays for what was held and not used
        {% if 'used' in bases %}case when basis <> 'used' or unused_type is null then {{ column }} end as {% endif -%}
        {{ column }},
        {%- endfor %}
        basis,
        unused_type,
        gpu_hours
    from gpu_hours_on_basis

),

gpu_hours_by_time as (

    {{ cut_by_hour('comparable_gpu_hours', cut_columns, ['gpu_hours']) if has_hours
        else cut_by_day('comparable_gpu_hours', cut_columns, ['gpu_hours']) }}

),

gpu_hours_by_consumer as (

    select
        {{ usage_date }} as usage_date,
        {{ 'usage_hour' if has_hours else 'cast(null as timestamp) as usage_hour' }},
        basis,
        unused_type,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        cast(sum(gpu_hours) as {{ money_type() }}) as gpu_hours
    from gpu_hours_by_time
    {%- if weighted_gpu_rules() %}
    -- cores decide where telemetry meets the bill, too: they are read for the clusters and days that are weighed alone
    where
        basis not in ('cpu', 'memory')
        {%- for rule in weighted_gpu_rules() %}
        or ({{ [
            usage_date ~ " >= date '" ~ rule.valid_from ~ "'" if rule.valid_from,
            usage_date ~ " < date '" ~ rule.valid_to ~ "'" if rule.valid_to,
        ] | select | join(' and ') or 'true' }}
            {%- for condition in rule.conditions
                if condition.column == 'cluster' and condition.operator not in ['exists', 'matches'] %}
            and {{ compared_with('cluster', condition.operator, condition.value | map('lower') | list) }}
            {%- endfor %})
        {%- endfor %}
    {%- endif %}
    group by
        {{ 'usage_hour' if has_hours else 'usage_date' }},
        basis,
        unused_type,
        {{ columns | join(',\n        ') }}

)

select
    {{ digest(['cluster', 'node', 'node_pool', 'gpu_model', 'capacity_type']) }} as place_id,
    case
        when unused_type is null then {{ consumer_key() }}
        when basis = 'used' then '~' || unused_type
        else '~' || unused_type || '|' || {{ consumer_key() }}
    end as consumer_key,
    *
from gpu_hours_by_consumer
