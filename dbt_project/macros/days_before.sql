{#- The date a number of days before a date. -#}
{% macro days_before(day, days) -%}
    {{ return(adapter.dispatch('days_before')(day, days)) }}
{%- endmacro %}

{% macro default__days_before(day, days) -%}
    {{ day }} - cast({{ days }} as integer)
{%- endmacro %}
