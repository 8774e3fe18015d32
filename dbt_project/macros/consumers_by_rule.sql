{#- The consumer columns of a feed row as a rule tells payers apart: columns it does not name are null, and a workload
    that is itself a shared service on that day is known by that alone. -#}
{% macro consumers_by_rule(rule, day) -%}
    {%- set has_services = allocation_rules() | selectattr('service') | list | length > 0 -%}
    {%- set service = service_in_force('workload', 'cast(' ~ day ~ ' as string)') -%}
    {%- for column in consumer_columns() %}
        {%- set told = column if column in rule.payers else 'cast(null as string)' %}
        {%- if has_services and column == 'workload' %}
        coalesce({{ service }}, {{ told }})
        {%- elif has_services and column in rule.payers %}
        case when {{ service }} is null then {{ column }} end
        {%- else %}
        {{ told }}
        {%- endif %} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
