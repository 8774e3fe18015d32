{#- An amount as delivered becomes a decimal once: text as written, a DOUBLE by its shortest round-trip text, because a
    direct cast of a DOUBLE keeps binary noise in the last digits. The cast rounds half away from zero at the 18th
    decimal. Blank text is null. delivered_type is the type it was landed with, where the caller knows it. -#}
{% macro money(amount, delivered_type='VARCHAR') -%}
{{ return(adapter.dispatch('money')(amount, delivered_type)) }}
{%- endmacro %}

{% macro default__money(amount, delivered_type) -%}
    {%- if delivered_type == 'DOUBLE' -%}
        {{- double_as_money(amount) -}}
    {%- else -%}
        cast(nullif(cast({{ amount }} as varchar), '') as {{ money_type() }})
    {%- endif -%}
{%- endmacro %}
