{#- The window's name: `2026-10-05` or `2026-10`. -#}
{% macro charge_window(charges) -%}
    case
        when {{ charge_window_kind(charges) }} = 'month' then {{ charges }}.billing_period
        else cast({{ charges }}.charge_date as string)
    end
{%- endmacro %}
