{#- Whether an Azure line is about a reservation or savings plan: its purchase, refund, use or unused part. -#}
{% macro is_azure_commitment() -%}
coalesce(pricing_model in ('Reservation', 'SavingsPlan') or charge_type in ('UnusedReservation', 'UnusedSavingsPlan'), false)
{%- endmacro %}
