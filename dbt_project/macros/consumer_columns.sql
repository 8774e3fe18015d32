{#- The columns of a consumer, in the order of the contract. Usage feeds carry them all. -#}
{% macro consumer_columns() %}
    {{- return([
        'team', 'project', 'environment', 'model_name', 'model_version', 'workload', 'workload_type', 'dataset',
        'customer', 'run_id', 'business_unit', 'cost_center', 'owner',
    ]) -}}
{% endmacro %}
