{#- The consumer columns that a tag on the charge itself can fill. -#}
{% macro tag_owner_columns() %}
    {{- return([
        'team', 'project', 'environment', 'model_name', 'workload_type', 'dataset', 'business_unit', 'cost_center',
        'owner',
    ]) -}}
{% endmacro %}
