{#- Over which time a charge takes its driver: the day it belongs to, or the billing month to date when the charge
    itself is no matter of a day: it lasts longer, or it is a credit, tax, refund or fee. Amounts keep the charge's
    day. A day in Pacific time, by which Google bills, has 25 hours once a year. Gives 'day' or 'month'. -#}
{% macro charge_window_kind(charges) -%}
    case
        when {{ charges }}.charge_category <> 'Usage' then 'month'
        when {{ charges }}.charge_period_end > {{ charges }}.charge_period_start + interval 25 hour then 'month'
        else 'day'
    end
{%- endmacro %}
