{#- Google's credits that pay a part of the bill: charges of their own. All others are prices, netted in their row. -#}
{% macro own_gcp_credit_types() %}
    {{- return(['PROMOTION', 'FREE_TIER', 'SUBSCRIPTION_BENEFIT']) -}}
{% endmacro %}
