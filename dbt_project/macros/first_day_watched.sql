{#- The first of the days that tell what is usual up to `last_day`: 12 to 15 months, from a quarter's start. -#}
{% macro first_day_watched(last_day) -%}
cast(date_trunc('quarter', {{ last_day }} - 364) as date)
{%- endmacro %}
