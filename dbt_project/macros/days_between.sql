{#- Whole days from one date to a later one. -#}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between')(first, last)) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    cast({{ last }} - {{ first }} as integer)
{%- endmacro %}
