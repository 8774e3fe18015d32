{#- Whether an Azure line is about a reservation or savings plan: its purchase, refund, use or unused part. Exports of
    the older schemas have no pricing model: there, only such lines name a reservation. -#}
{% macro is_azure_commitment() -%}
coalesce(
    pricing_model in ('Reservation', 'SavingsPlan')
    or charge_type in ('UnusedReservation', 'UnusedSavingsPlan')
    or (pricing_model is null and coalesce(benefit_id, reservation_id) is not null),
    false
)
{%- endmacro %}
