{#- The credits of a Google row as a list of {credit_id, credit_name, credit_type, amount}, each amount a decimal by
    itself, whatever type it was delivered in (Google's examples have text). -#}
{% macro staged_gcp_credits(credits) -%}
{{ return(adapter.dispatch('staged_gcp_credits')(credits)) }}
{%- endmacro %}

{% macro default__staged_gcp_credits(credits) -%}
list_transform(
    {{ credits }},
    lambda credit: struct_pack(
        credit_id := cast(credit.id as varchar),
        credit_name := coalesce(cast(credit.full_name as varchar), cast(credit.name as varchar)),
        credit_type := coalesce(cast(credit.type as varchar), ''),
        amount := {{ money('credit.amount') }}
    )
)
{%- endmacro %}
