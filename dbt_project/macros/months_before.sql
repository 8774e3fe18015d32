{#- The day a number of months before a day. -#}
{% macro months_before(day, months) -%}
    {{ return(adapter.dispatch('months_before')(day, months)) }}
{%- endmacro %}

{% macro default__months_before(day, months) -%}
    cast({{ day }} - interval {{ months }} month as date)
{%- endmacro %}
