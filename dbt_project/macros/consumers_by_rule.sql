{#- The consumer columns of a feed row as a rule tells payers apart: columns it does not name are null, and a workload
    that is itself a shared service is known by that alone. -#}
{% macro consumers_by_rule(rule, services) -%}
    {%- for column in consumer_columns() %}
        {%- if column == 'workload' %}
        {%- if services %}
        case when lower(workload) in ({% for name in services %}{{ text_literal(name) }}{{ ', ' if not loop.last }}{% endfor %})
            then lower(workload) else {{ 'workload' if 'workload' in rule.payers else 'cast(null as string)' }} end
        {%- else %}
        {{ 'workload' if 'workload' in rule.payers else 'cast(null as string)' }}
        {%- endif %}
        {%- elif column not in rule.payers %}
        cast(null as string)
        {%- elif services %}
        case when lower(coalesce(workload, '')) not in (
            {%- for name in services %}{{ text_literal(name) }}{{ ', ' if not loop.last }}{% endfor -%}
        ) then {{ column }} end
        {%- else %}
        {{ column }}
        {%- endif %} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
