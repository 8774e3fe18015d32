{#- The shared service that a workload is, by its name, in lower case; null for all others. A workload is a service only
    while its rule holds: in a window that the rule's dates touch. `window` is the name of a day, an hour or a month. -#}
{% macro service_in_force(workload, window) -%}
    {%- set rules = allocation_rules() | selectattr('service') | list -%}
    {%- if not rules -%}
        cast(null as string)
    {%- else -%}
        case
            {%- for rule in rules %}
            when lower({{ workload }}) = {{ text_literal(rule.service) }}
                {%- if rule.valid_from %}
                and left({{ window }}, 10) >= left('{{ rule.valid_from }}', least(length({{ window }}), 10))
                {%- endif %}
                {%- if rule.valid_to %}
                and left({{ window }} || '-01', 10) < '{{ rule.valid_to }}'
                {%- endif %}
                then {{ text_literal(rule.service) }}
            {%- endfor %}
        end
    {%- endif -%}
{%- endmacro %}
