{#- An aggregate: the billing period that a day is shown in. A UTC day at a month's edge can be billed in two; it is
    shown in its own month if it was billed there. -#}
{% macro billing_period_of_day(billing_period, day) -%}
    coalesce(
        max(case when {{ billing_period }} = {{ month_of(day) }} then {{ billing_period }} end),
        max({{ billing_period }})
    )
{%- endmacro %}
