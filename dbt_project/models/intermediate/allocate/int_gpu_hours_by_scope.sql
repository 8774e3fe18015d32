-- The weights of GPU pools: who held how many micro-GPU-hours of a scope, and how many nobody held. A scope is what
-- bill and telemetry can both name in one window: a node, a node pool by GPU model, or a cluster by model and
-- capacity type. Each basis that a rule reads telemetry on has scopes of its own.
-- depends_on: {{ ref('int_gpu_hours_by_window') }}
{%- set weighted = weighted_gpu_rules() %}
{%- set weighted_by_hour = weighted | selectattr('driver_window', 'equalto', 'hour') | list %}
{%- set components = {'cpu': 'capacity_micro_core_hours', 'memory': 'capacity_micro_gib_hours'} %}

with held_by_consumer as (

    select * from {{ ref('int_gpu_hours_held_in_scopes') }}

),

scopes as (

    select * from {{ ref('int_gpu_capacity_by_scope') }}

),

bases as (

    select distinct basis
    from {{ ref('stg_allocation_rules') }}
    where driver = 'gpu_hours'

),

held_by_scope as (

    select
        driver_scope,
        cast(sum(weight) as bigint) as weight
    from held_by_consumer
    where not {{ is_nobodys_idle('consumer_key') }}
    group by driver_scope

),

idle_by_scope as (

    select
        scopes.driver_scope || '/' || bases.basis as driver_scope,
        {{ idle_consumer_key() }} as consumer_key,
        scopes.capacity_micro_gpu_hours - coalesce(held_by_scope.weight, 0) as weight,
        scopes.unmeasured_micro_gpu_hours
    from scopes
    cross join bases
    left join held_by_scope
        on scopes.driver_scope || '/' || bases.basis = held_by_scope.driver_scope
    where scopes.capacity_micro_gpu_hours > coalesce(held_by_scope.weight, 0)

),

-- what was held and not used is a part of what is idle; where others used more than they had held, there is less idle
unused_by_scope as (

    select
        held_by_consumer.driver_scope,
        held_by_consumer.consumer_key,
        idle_by_scope.weight as idle_weight,
        sum(held_by_consumer.weight) over (
            partition by held_by_consumer.driver_scope
            order by held_by_consumer.consumer_key
            rows between unbounded preceding and current row
        ) as weight_up_to_here,
        held_by_consumer.weight
    from held_by_consumer
    inner join idle_by_scope
        on held_by_consumer.driver_scope = idle_by_scope.driver_scope
    where {{ is_nobodys_idle('held_by_consumer.consumer_key') }}

),

unused_that_is_idle as (

    select
        driver_scope,
        consumer_key,
        cast(
            least(weight_up_to_here, idle_weight) - least(weight_up_to_here - weight, idle_weight) as bigint
        ) as weight
    from unused_by_scope

),

idle_that_nobody_held as (

    select
        idle_by_scope.driver_scope,
        idle_by_scope.consumer_key,
        cast(idle_by_scope.weight - coalesce(sum(unused_that_is_idle.weight), 0) as bigint) as weight,
        idle_by_scope.unmeasured_micro_gpu_hours
    from idle_by_scope
    left join unused_that_is_idle
        on idle_by_scope.driver_scope = unused_that_is_idle.driver_scope
    group by
        idle_by_scope.driver_scope,
        idle_by_scope.consumer_key,
        idle_by_scope.weight,
        idle_by_scope.unmeasured_micro_gpu_hours

),

gpu_hours_by_scope as (

    select
        driver_scope,
        consumer_key,
        weight
    from held_by_consumer
    where
        not {{ is_nobodys_idle('consumer_key') }}
        and driver_scope not like '%/cpu'
        and driver_scope not like '%/memory'
    union all
    select
        driver_scope,
        consumer_key,
        weight
    from unused_that_is_idle
    union all
    select
        driver_scope,
        consumer_key,
        weight - least(unmeasured_micro_gpu_hours, weight) as weight
    from idle_that_nobody_held
    union all
    select
        driver_scope,
        {{ unexplained_consumer_key() }} as consumer_key,
        least(unmeasured_micro_gpu_hours, weight) as weight
    from idle_that_nobody_held
    where unmeasured_micro_gpu_hours > 0

)
{%- if weighted %},

-- cores and memory: what workloads held, and where the bill says how much there was, what nobody did
held_of_components as (
    {% for component, capacity in components.items() %}
    {{- 'union all' if not loop.first }}
    select
        scopes.driver_scope,
        '{{ component }}' as component,
        held_by_consumer.consumer_key,
        held_by_consumer.weight,
        scopes.{{ capacity }} as capacity
    from scopes
    inner join held_by_consumer
        on scopes.driver_scope || '/{{ component }}' = held_by_consumer.driver_scope
    {% endfor %}
),
{%- if weighted_by_hour %}

days_of_components as (

    select distinct
        cluster,
        basis as component,
        driver_window as day
    from {{ ref('int_gpu_hours_by_window') }}
    where window_kind = 'day' and basis in ('cpu', 'memory')

),

-- cores that nobody held in an hour of a day with telemetry of cores are idle in that hour
hours_without_holders as (
    {% for component, capacity in components.items() %}
    {{- 'union all' if not loop.first }}
    select
        scopes.driver_scope,
        '{{ component }}' as component,
        {{ idle_consumer_key() }} as consumer_key,
        scopes.{{ capacity }} as weight
    from scopes
    inner join days_of_components as days
        on
            scopes.window_kind = 'hour'
            and scopes.cluster = days.cluster
            and substr(scopes.driver_window, 1, 10) = days.day
            and days.component = '{{ component }}'
    left join held_of_components as held
        on
            scopes.driver_scope = held.driver_scope
            and held.component = '{{ component }}'
    where held.driver_scope is null and scopes.{{ capacity }} > 0
    {% endfor %}
),
{%- endif %}

parts_of_components as (

    select
        driver_scope,
        component,
        consumer_key,
        weight
    from held_of_components
    union all
    select
        driver_scope,
        component,
        {{ idle_consumer_key() }} as consumer_key,
        cast(max(capacity) - sum(weight) as bigint) as weight
    from held_of_components
    group by
        driver_scope,
        component
    having max(capacity) > sum(weight)
    {%- if weighted_by_hour %}
    union all
    select
        driver_scope,
        component,
        consumer_key,
        weight
    from hours_without_holders
    {%- endif %}

),
{% for rule in weighted %}
parts_for_rule_{{ rule.rule_order }} as (

    select
        scopes.driver_scope,
        'gpu' as component,
        gpu_hours_by_scope.consumer_key,
        gpu_hours_by_scope.weight
    from scopes
    inner join gpu_hours_by_scope
        on scopes.driver_scope || '/{{ rule.basis }}' = gpu_hours_by_scope.driver_scope
    union all
    select
        driver_scope,
        component,
        consumer_key,
        weight
    from parts_of_components
    where component in ('{{ rule.weights.keys() | join("', '") }}')

),

-- a component that nobody reports leaves its weight to the others
totals_for_rule_{{ rule.rule_order }} as (

    select
        driver_scope,
        component,
        cast(sum(weight) as bigint) as total_weight,
        sum(case when component = 'gpu' then cast(sum(weight) as bigint) else 0 end) over (partition by driver_scope)
            as gpu_total,
        case component
            {%- for component, weight in rule.weights.items() %} when '{{ component }}' then {{ weight }}{% endfor %}
        end as component_weight,
        sum(
            case component
                {%- for component, weight in rule.weights.items() %} when '{{ component }}' then {{ weight }}{% endfor %}
            end
        ) over (partition by driver_scope) as weight_of_all
    from parts_for_rule_{{ rule.rule_order }}
    where weight > 0
    group by
        driver_scope,
        component

),

weighted_by_rule_{{ rule.rule_order }} as (

    select
        parts.driver_scope || '/' || {{ text_literal(weighted_basis(rule)) }} as driver_scope,
        parts.consumer_key,
        cast(sum({{ whole_portion(
            'parts.weight',
            whole_portion('totals.gpu_total', 'totals.component_weight', 'totals.weight_of_all'),
            'totals.total_weight',
        ) }}) as bigint) as weight
    from parts_for_rule_{{ rule.rule_order }} as parts
    inner join totals_for_rule_{{ rule.rule_order }} as totals
        on
            parts.driver_scope = totals.driver_scope
            and parts.component = totals.component
    group by
        parts.driver_scope,
        parts.consumer_key

),
{% endfor %}
weights as (

    select * from gpu_hours_by_scope
    {%- for rule in weighted %}
    union
    select * from weighted_by_rule_{{ rule.rule_order }}
    {%- endfor %}
    union all
    -- lines of the bill for cores or memory alone follow those alone
    select
        driver_scope || '/' || component as driver_scope,
        consumer_key,
        weight
    from parts_of_components

)

select * from weights
{%- else %}

select * from gpu_hours_by_scope
{%- endif %}
