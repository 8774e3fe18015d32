{#- The rules that split machines by the GPU-hours of each hour; without one no hour is looked at. -#}
{% macro gpu_rules_by_the_hour() -%}
    {{- return(
        allocation_rules() | selectattr('pool', 'equalto', 'gpu_cluster')
        | selectattr('driver_window', 'equalto', 'hour') | list
    ) -}}
{%- endmacro %}
