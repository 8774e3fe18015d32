-- What usage feeds say for the rules that name one: quantities by scope and consumer, in every window a pool can have;
-- hours only for rules that ask for them.
-- GPU-hours and stored bytes meet the bill in ways of their own and are not here.
--
-- dbt sees no rule while it parses, and so neither the feeds that rules may name nor that months are asked for:
-- depends_on: {{ ref('int_months_to_make') }}
{%- set feeds = driver_feeds() %}
{%- for feed in feeds.values() %}
-- depends_on: {{ ref(feed.model) }}
{%- endfor %}
{%- set rules = allocation_rules() | selectattr('driver', 'in', feeds.keys() | list) | list %}

with
{%- for rule in rules %}
{%- set feed = feeds[rule.driver] %}
{%- set number = rule.rule_order %}
rows_of_rule_{{ number }} as (

    select
        {{ 'usage_start,\n        usage_end' if feed.is_interval else 'usage_date' }},
        concat_ws(
            '/',
            {{ text_literal(rule.rule) }}
            {%- for key in rule.driver_by -%}
            , coalesce(lower({{ key }}), '')
            {%- endfor %}
        ) as rule_scope,
        {{ consumers_by_rule(rule, 'cast(usage_start as date)' if feed.is_interval else 'usage_date') }},
        cast({{ driver_quantity(rule) }} as {{ money_type() }}) as quantity
    from {{ ref(feed.model) }}
    where
        {{ feed.quantity }} is not null
        and {{ touches_months_made('usage_start', 'usage_end') if feed.is_interval else is_of_months_made('usage_date') }}
        {%- for key, value in rule.driver_of.items() %}
        and lower({{ key }}) = {{ text_literal(value | lower) }}
        {%- endfor %}

),

{%- if rule.driver_window == 'hour' %}
hours_of_rule_{{ number }} as (
    {{ cut_by_hour('rows_of_rule_' ~ number, ['rule_scope'] + consumer_columns(), ['quantity']) }}
),
{%- endif %}

days_of_rule_{{ number }} as (
    {% if rule.driver_window == 'hour' %}
    select
        rule_scope,
        {{ consumer_columns() | join(',\n        ') }},
        quantity,
        cast(usage_hour as date) as usage_date
    from hours_of_rule_{{ number }}
    {% elif feed.is_interval %}
    {{ cut_by_day('rows_of_rule_' ~ number, ['rule_scope'] + consumer_columns(), ['quantity']) }}
    {% else %}
    select * from rows_of_rule_{{ number }}
    {% endif %}
),
{%- endfor %}

usage_by_day as (
    {% for rule in rules %}
    select
        {{ text_literal(rule.rule) }} as rule,
        rule_scope,
        {{ consumer_columns() | join(',\n        ') }},
        usage_date,
        quantity
    from days_of_rule_{{ rule.rule_order }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        cast(null as string) as rule,
        cast(null as string) as rule_scope,
        {%- for column in consumer_columns() %}
        cast(null as string) as {{ column }},
        {%- endfor %}
        cast(null as date) as usage_date,
        cast(null as {{ money_type() }}) as quantity
    where false
    {%- endfor %}

),

usage_by_window as (
    {% for window in ['cast(usage_date as string)', month_of('usage_date')] %}
    select
        rule,
        rule_scope || '/' || {{ window }} as driver_scope,
        {{ window }} as driver_window,
        {{ consumer_columns() | join(',\n        ') }},
        sum(quantity) as quantity
    from usage_by_day
    group by
        rule,
        rule_scope || '/' || {{ window }},
        {{ window }},
        {{ consumer_columns() | join(',\n        ') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- for rule in rules if rule.driver_window == 'hour' %}
    union all
    select
        {{ text_literal(rule.rule) }} as rule,
        rule_scope || '/' || {{ hour_window('usage_hour') }} as driver_scope,
        {{ hour_window('usage_hour') }} as driver_window,
        {{ consumer_columns() | join(',\n        ') }},
        sum(quantity) as quantity
    from hours_of_rule_{{ rule.rule_order }}
    group by
        rule_scope || '/' || {{ hour_window('usage_hour') }},
        {{ hour_window('usage_hour') }},
        {{ consumer_columns() | join(',\n        ') }}
    {%- endfor %}

)

select
    {{ consumer_key() }} as consumer_key,
    *
from usage_by_window
