{#- The columns of the ledger whose value can be the entity of a business metric; see finops_pipeline/side_files/metrics.py. -#}
{% macro metric_split_columns() %}
    {{- return([
        'team', 'project', 'environment', 'model_name', 'workload', 'dataset', 'customer', 'business_unit',
        'cost_center', 'owner',
    ]) -}}
{% endmacro %}
