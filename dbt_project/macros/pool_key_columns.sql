{#- The key of a pool: the columns that all its charges share. A pool never spans two values of any of them, so each is
    a fact of the pool and may stand beside its parts in a mart. -#}
{% macro pool_key_columns() %}
    {{- return([
        'source_name', 'provider', 'billing_account_id', 'sub_account_id', 'billing_currency', 'billing_period',
        'charge_date', 'charge_category', 'pricing_category', 'service_category', 'service_name', 'region_id',
        'cost_layer', 'pool_kind', 'driver_window', 'pool_level', 'driver_scope', 'unallocated_reason', 'cluster',
        'gpu_model', 'capacity_type', 'bucket', 'storage_class', 'storage_measure', 'commitment_discount_id',
        'model_id', 'token_direction', 'rule',
    ] + tag_owner_columns()) -}}
{% endmacro %}
