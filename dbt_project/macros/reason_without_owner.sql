{#- Why nobody can be found for a charge that no rule takes. -#}
{% macro reason_without_owner() -%}
    case
        when charge_category = 'Tax' then 'tax'
        when charge_category = 'Credit' then 'credit'
        when charge_origin = 'refund' or charge_class = 'Correction' then 'refund'
        when charge_origin = 'negation residual' then 'commitment rounding'
        when charge_category = 'Adjustment' then 'adjustment'
        when lower(service_name) like '%support%' then 'support'
        when commitment_discount_id is not null or charge_origin = 'commitment purchase' then 'commitment fee'
        when charge_category = 'Purchase' then 'fee'
        when is_system_overhead then 'system overhead of a cluster'
        else 'untagged'
    end
{%- endmacro %}
