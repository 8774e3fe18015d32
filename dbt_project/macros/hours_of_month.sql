{#- The hours of the UTC month that a day lies in. -#}
{% macro hours_of_month(day) -%}
    {{ return(adapter.dispatch('hours_of_month')(day)) }}
{%- endmacro %}

{% macro default__hours_of_month(day) -%}
    cast(24 * extract(day from last_day({{ day }})) as double)
{%- endmacro %}
