{#- The columns of the ledger by which metrics.yaml may select cost; finops_pipeline/side_files/metrics.py lists the same. -#}
{% macro metric_selection_columns() %}
    {{- return([
        'cost_use', 'team', 'project', 'environment', 'model_name', 'model_version', 'workload', 'workload_type',
        'dataset', 'customer', 'business_unit', 'cost_center', 'owner', 'provider_name', 'source_name',
        'service_category', 'service_name', 'cost_layer', 'cluster', 'bucket',
    ]) -}}
{% endmacro %}
