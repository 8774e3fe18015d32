{#- Whether a charge is usage of at most an hour: only such a charge can follow the driver of its hour. -#}
{% macro is_hourly(charges) -%}
    ({{ charges }}.charge_category = 'Usage'
    and {{ charges }}.charge_period_end <= {{ charges }}.charge_period_start + interval 1 hour
    and date_trunc('hour', {{ charges }}.charge_period_end - interval 1 microsecond)
    = date_trunc('hour', {{ charges }}.charge_period_start))
{%- endmacro %}
