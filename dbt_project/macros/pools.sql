{#- What a pool is: the columns that all its charges share. -#}

{#- Together they are the key of a pool. A pool never spans two values of any of them, so each is a fact of the pool and
    may stand beside its parts in a mart. -#}
{% macro pool_key_columns() %}
    {{- return([
        'source_name', 'provider', 'billing_account_id', 'sub_account_id', 'billing_currency', 'billing_period',
        'charge_date', 'charge_category', 'pricing_category', 'service_category', 'service_name', 'region_id',
        'cost_layer', 'pool_kind', 'driver_window', 'pool_level', 'driver_scope', 'unallocated_reason', 'cluster',
        'gpu_model', 'capacity_type', 'bucket', 'storage_class', 'storage_measure', 'commitment_discount_id',
        'model_id', 'token_direction',
    ] + tag_owner_columns()) -}}
{% endmacro %}

{#- The four costs of a charge, in the order they are shown. -#}
{% macro cost_measures() %}
    {{- return(['billed_cost', 'effective_cost', 'list_cost', 'contracted_cost']) -}}
{% endmacro %}

{#- The machine a charge pays for. Machines that the bill does not name stand together by price. -#}
{% macro machine_id(charges) -%}
    coalesce(
        lower({{ charges }}.resource_id),
        lower({{ charges }}.resource_name),
        concat_ws(
            '/', 'unnamed', lower({{ charges }}.cluster), lower({{ charges }}.node_pool), {{ charges }}.gpu_model,
            {{ charges }}.capacity_type
        )
    )
{%- endmacro %}

{#- Why nobody can be found for a charge that no rule takes. -#}
{% macro reason_without_owner() -%}
    case
        when charge_category = 'Tax' then 'tax'
        when charge_category = 'Credit' then 'credit'
        when charge_class = 'Correction' then 'refund'
        when charge_origin = 'negation residual' then 'commitment rounding'
        when charge_category = 'Adjustment' then 'adjustment'
        when lower(service_name) like '%support%' then 'support'
        when commitment_discount_id is not null or charge_origin = 'commitment purchase' then 'commitment fee'
        when charge_category = 'Purchase' then 'fee'
        else 'untagged'
    end
{%- endmacro %}
