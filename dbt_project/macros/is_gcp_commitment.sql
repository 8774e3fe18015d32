{#- What Google calls its commitments: the SKUs of their fees, and the consumption models of usage at their price. Until
    2025 a fee was `Commitment v1: N2 Cpu ...` (machines) or `Commitment - dollar based v1: GCE ...` (spend); since then
    a commitment to spend is `Compute Flexible Committed Use Discounts - 1 Year`. -#}
{% macro is_gcp_commitment_fee(sku_description) -%}
coalesce({{ matches_pattern(sku_description, "'(?i)^commitment|committed use discount|savings plan'") }}, false)
{%- endmacro %}

{#- Of the fees, those of a commitment to spend. -#}
{% macro is_gcp_spend_commitment_fee(sku_description) -%}
coalesce(
    {{ matches_pattern(sku_description, "'(?i)dollar|flexible|committed use discount|savings plan'") }}, false
)
{%- endmacro %}

{#- Usage at on-demand prices has the model `Default`, or none. -#}
{% macro is_gcp_committed_price(consumption_model) -%}
coalesce({{ matches_pattern(consumption_model, "'(?i)cud|commit|savings plan'") }}, false)
{%- endmacro %}
