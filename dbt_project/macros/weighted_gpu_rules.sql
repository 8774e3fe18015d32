{#- The rules that weigh a machine's GPUs against its cores and memory; without one no core is looked at. -#}
{% macro weighted_gpu_rules() -%}
    {{- return(allocation_rules() | selectattr('pool', 'equalto', 'gpu_cluster') | selectattr('weights') | list) -}}
{%- endmacro %}


{#- How a weighted rule's scopes are told from others: by how it reads telemetry and by its weights. -#}
{% macro weighted_basis(rule) -%}
    {%- set parts = [] -%}
    {%- for component in ['gpu', 'cpu', 'memory'] -%}
        {%- do parts.append(rule.weights.get(component, 0) | string) -%}
    {%- endfor -%}
    {{- return(rule.basis ~ ', weighted ' ~ parts | join(':')) -}}
{%- endmacro %}
