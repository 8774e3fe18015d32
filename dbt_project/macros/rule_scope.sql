{#- The driver scope that a rule's pools share their weights by: the rule, what the pool is told apart by, the window.
    Null for kinds of pools whose scope the bill's own machines and buckets decide. -#}
{% macro rule_scope(rule, charges, columns) -%}
    {%- if rule.pool_kind not in ['rule', 'service', 'overhead'] -%}
        cast(null as string)
    {%- else -%}
        concat_ws(
            '/',
            {{ text_literal(rule.rule) }},
            {%- if rule.pool_kind == 'overhead' -%}
                {%- for column in rule.bounds + ['billing_currency'] %}
            coalesce({{ charges }}.{{ column }}, ''),
                {%- endfor %}
            {%- else -%}
                {%- for column in rule.driver_by.values() %}
            coalesce(lower({{ columns.get(column, charges ~ '.' ~ column) }}), ''),
                {%- endfor %}
            {%- endif %}
            {{ rule_window(rule, charges) }}
        )
    {%- endif -%}
{%- endmacro %}
