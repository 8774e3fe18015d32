{#- What follows the last '/' of a resource id: `vmss-1` of `/subscriptions/…/virtualMachineScaleSets/vmss-1`. -#}
{% macro last_path_segment(path) -%}
{{ return(adapter.dispatch('last_path_segment')(path)) }}
{%- endmacro %}

{% macro default__last_path_segment(path) -%}
nullif(split_part(rtrim({{ path }}, '/'), '/', -1), '')
{%- endmacro %}
