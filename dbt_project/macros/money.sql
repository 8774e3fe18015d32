{#- An amount as delivered becomes a decimal once: text as written, a DOUBLE by its shortest round-trip text. Both go
    through text, because a direct cast of a DOUBLE keeps binary noise in the last digits. The cast rounds half away
    from zero at the 18th decimal. Blank text is null. -#}
{% macro money(amount) -%}
{{ return(adapter.dispatch('money')(amount)) }}
{%- endmacro %}

{% macro default__money(amount) -%}
cast(nullif(cast({{ amount }} as varchar), '') as {{ money_type() }})
{%- endmacro %}
