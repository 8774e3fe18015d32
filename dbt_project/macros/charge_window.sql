{#- Over which time a charge takes its driver: the day it belongs to, or the billing month to date when the charge itself
    is no matter of a day: it lasts longer, or it is a credit, tax, refund or fee. Amounts keep the charge's day. -#}

{#- 'day' or 'month'. -#}
{% macro charge_window_kind(charges) -%}
    case
        when {{ charges }}.charge_category <> 'Usage' then 'month'
        when {{ charges }}.charge_period_end > {{ charges }}.charge_period_start + interval 1 day then 'month'
        else 'day'
    end
{%- endmacro %}

{#- The window's name: `2026-10-05` or `2026-10`. -#}
{% macro charge_window(charges) -%}
    case
        when {{ charge_window_kind(charges) }} = 'month' then {{ charges }}.billing_period
        else cast({{ charges }}.charge_date as string)
    end
{%- endmacro %}

{#- The month a day lies in, named like a billing period. -#}
{% macro month_of(day) -%}
    substr(cast({{ day }} as string), 1, 7)
{%- endmacro %}
