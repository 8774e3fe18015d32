{#- Cost of holding 2^40 bytes for all hours of the day's month; null where there are no byte-hours. -#}
{% macro cost_per_tib_month(cost, byte_hours, day) -%}
    {{ unit_cost(cost, byte_hours, '1099511627776 * ' ~ hours_of_month(day)) }}
{%- endmacro %}
