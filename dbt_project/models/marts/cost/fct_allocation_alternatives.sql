{{ config(materialized='kept_months', kept_by='billing_period') }}
-- What each team would carry of a GPU cluster's month by another method than the ledger's, beside what it carries:
-- the same money seen twice, never added to the ledger.
--
-- Peak-aware sharing: capacity is bought for the hour or day of the highest demand, so what a period costs is its
-- Shapley value in the game "the highest demand among these periods". That has a closed form: order the periods by
-- demand; each rise is shared evenly by the periods that reach it. Within a period cost follows what was held.
{%- set group_columns = [
    'rule', 'source_name', 'billing_currency', 'billing_period', 'cluster', 'gpu_model', 'capacity_type',
] %}
{%- set rules = [] %}
{%- for rule in allocation_rules() if rule.alternative == 'peak' %}
    {%- do rules.append(text_literal(rule.rule)) %}
{%- endfor %}

with pools as (

    select
        {{ digest(group_columns) }} as month_id,
        *
    from {{ ref('int_pools') }}
    where
        pool_kind = 'gpu_cluster'
        and driver_scope is not null
        and rule in ({{ rules | join(', ') or 'null' }})

),

consumers as (

    select * from {{ ref('int_consumers') }}

),

parts as (

    select * from {{ ref('int_gpu_costs_split_by_gpu_hours') }}

),

months as (

    select
        month_id as pool_id,
        {{ group_columns | join(',\n        ') }},
        {%- for measure in cost_measures() %}
        cast(sum({{ measure }}) as {{ money_type() }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from pools
    group by
        month_id,
        {{ group_columns | join(',\n        ') }}

),

-- charges of a whole month have no period of their own; their cost is shared like the rest
scopes as (

    select distinct
        month_id,
        driver_window,
        driver_scope
    from pools
    where
        driver_window <> billing_period
        -- lines for cores and memory are shared like the GPU-hours of their machines
        and driver_scope not like '%/cpu'
        and driver_scope not like '%/memory'

),

demand as (

    select
        scopes.month_id,
        scopes.driver_window,
        {{ digest(['scopes.month_id', 'scopes.driver_window']) }} as pool_id,
        {{ consumer_key(['team'], 'consumers') }} as consumer_key,
        cast(sum(gpu_hours.weight) as bigint) as weight
    from scopes
    inner join {{ ref('int_gpu_hours_by_scope') }} as gpu_hours
        on scopes.driver_scope = gpu_hours.driver_scope
    left join consumers
        on gpu_hours.consumer_key = consumers.consumer_key
    where not {{ is_nobodys_idle('gpu_hours.consumer_key') }}
    group by
        scopes.month_id,
        scopes.driver_window,
        {{ consumer_key(['team'], 'consumers') }}

),

periods as (

    select
        month_id,
        pool_id,
        driver_window,
        sum(weight) as held
    from demand
    group by
        month_id,
        pool_id,
        driver_window

),

rises as (

    select
        month_id,
        pool_id,
        held - lag(held, 1, 0) over (partition by month_id order by held, driver_window) as rise,
        row_number() over (partition by month_id order by held desc, driver_window desc) as periods_that_reach_it
    from periods

),

-- in thousandths of a millionth of a GPU-hour, cut off: one order, and the same digits on every engine
period_weights as (

    select
        month_id as pool_id,
        pool_id as consumer_key,
        cast(sum({{ integer_divide('cast(rise * 1000 as bigint)', 'periods_that_reach_it') }}) over (
            partition by month_id
            order by periods_that_reach_it desc
            rows between unbounded preceding and current row
        ) as bigint) as weight
    from rises

),

costs_of_periods as (

    {{ split_exactly('months', 'period_weights', cost_measures()) }}

),

-- where nobody held anything the month has no peak and stays nobody's
period_pools as (

    select
        coalesce(consumer_key, pool_id) as pool_id,
        pool_id as month_id,
        {{ cost_measures() | join(',\n        ') }}
    from costs_of_periods

),

alternative_parts as (

    {{ split_exactly('period_pools', 'demand', cost_measures()) }}

),

teams as (

    select distinct
        consumers.team,
        {{ consumer_key(['team'], 'consumers') }} as consumer_key
    from consumers

),

amounts as (

    select
        pools.month_id,
        consumers.team,
        coalesce({{ is_nobodys_idle('parts.consumer_key') }}, true) as is_idle,
        {%- for measure in cost_measures() %}
        parts.allocated_{{ measure }} as {{ measure }},
        cast(0 as {{ money_type() }}) as alternative_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    inner join pools
        on parts.pool_id = pools.pool_id
    left join consumers
        on parts.consumer_key = consumers.consumer_key
    union all
    select
        period_pools.month_id,
        teams.team,
        alternative_parts.consumer_key is null as is_idle,
        {%- for measure in cost_measures() %}
        cast(0 as {{ money_type() }}) as {{ measure }},
        alternative_parts.{{ measure }} as alternative_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from alternative_parts
    inner join period_pools
        on alternative_parts.pool_id = period_pools.pool_id
    left join teams
        on alternative_parts.consumer_key = teams.consumer_key

)

select
    {%- for column in group_columns %}
    months.{{ column }},
    {%- endfor %}
    amounts.team,
    amounts.is_idle,
    'gpu_hours' as method,
    'peak' as alternative_method,
    {%- for measure in cost_measures() %}
    cast(sum(amounts.{{ measure }}) as {{ money_type() }}) as {{ measure }},
    cast(sum(amounts.alternative_{{ measure }}) as {{ money_type() }}) as alternative_{{ measure }},
    cast(sum(amounts.alternative_{{ measure }} - amounts.{{ measure }}) as {{ money_type() }})
        as {{ measure }}_difference,
    {%- endfor %}
    false as is_additive
from amounts
inner join months
    on amounts.month_id = months.pool_id
group by
    {%- for column in group_columns %}
    months.{{ column }},
    {%- endfor %}
    amounts.team,
    amounts.is_idle
