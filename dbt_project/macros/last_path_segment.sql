{#- What follows the last '/' of a resource id: `vmss-1` of `/subscriptions/…/virtualMachineScaleSets/vmss-1`. DuckDB's
    split_part with a negative field takes eight times as long. -#}
{% macro last_path_segment(path) -%}
{{ return(adapter.dispatch('last_path_segment')(path)) }}
{%- endmacro %}

{% macro default__last_path_segment(path) -%}
nullif(
    parse_filename(
        case when {{ path }} like '%/' then rtrim({{ path }}, '/') else {{ path }} end, false, 'forward_slash'
    ),
    ''
)
{%- endmacro %}
