{#- Driver, unit and missing policy of rules as a small relation, one row for each rule of the given kinds of pools. -#}
{% macro rule_driver_columns(rules) -%}
    (
        {%- for rule in rules %}
        select
            {{ text_literal(rule.rule) }} as rule,
            {{ text_literal(rule.driver) }} as driver,
            {%- set feed = driver_feeds().get(rule.driver, {}) %}
            {%- set prefix = 'Weighted ' if rule.weights or rule.model_weights else '' %}
            {{ text_literal(prefix ~ feed.unit if feed.unit else rule.driver_of.driver or rule.driver_of.metric or
                {'fixed': 'Percent', 'even': 'Consumers'}.get(rule.driver, 'Units')) }} as driver_unit,
            {{ owner_key(rule.owner) if rule.missing_policy == 'owner' else 'cast(null as string)' }}
                as missing_owner_key
        {{ 'union all' if not loop.last }}
        {%- else %}
        select
            cast(null as string) as rule,
            cast(null as string) as driver,
            cast(null as string) as driver_unit,
            cast(null as string) as missing_owner_key
        where false
        {%- endfor %}
    )
{%- endmacro %}
