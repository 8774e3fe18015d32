{#- The commitment lines that only the actual cost export has. -#}
{% macro is_azure_commitment_purchase() -%}
({{ is_azure_commitment() }} and coalesce(charge_type in ('Purchase', 'Refund'), false))
{%- endmacro %}
