{#- Bytes x hours of a stored quantity. The clouds' GB is 2^30 bytes, and a GB-month is a GB over all hours of that
    month. The consumed quantity is taken where its unit is understood, else the priced one. -#}
{% macro stored_byte_hours(consumed_quantity, consumed_unit, pricing_quantity, pricing_unit, billing_period) -%}
case
    {%- for quantity, unit in [(consumed_quantity, consumed_unit), (pricing_quantity, pricing_unit)] %}
    when {{ unit }} in ('GB-Months', 'GiB-Months')
        then {{ quantity }} * 1073741824
            * date_diff('hour', {{ period_start(billing_period) }}, {{ period_end(billing_period) }})
    when {{ unit }} in ('TB-Months', 'TiB-Months')
        then {{ quantity }} * 1099511627776
            * date_diff('hour', {{ period_start(billing_period) }}, {{ period_end(billing_period) }})
    when {{ unit }} in ('GB-Hours', 'GiB-Hours') then {{ quantity }} * 1073741824
    {%- endfor %}
end
{%- endmacro %}
