{#- Bytes x hours of a stored quantity in its unit; null where the unit is none of storage. The clouds' GB is 2^30 bytes,
    and a GB-month is a GB over all hours of that month. -#}
{% macro byte_hours(quantity, unit, billing_period) -%}
{%- set hours_of_month = "date_diff('hour', " ~ period_start(billing_period) ~ ", " ~ period_end(billing_period) ~ ")" -%}
case
    when {{ unit }} in ('GB-Months', 'GiB-Months') then {{ quantity }} * 1073741824 * {{ hours_of_month }}
    when {{ unit }} in ('TB-Months', 'TiB-Months') then {{ quantity }} * 1099511627776 * {{ hours_of_month }}
    when {{ unit }} in ('GB-Hours', 'GiB-Hours') then {{ quantity }} * 1073741824
end
{%- endmacro %}
