{#- The window a rule takes its driver over. Cost is compared over the billing month, whatever the charge's length. A
    charge that is longer than the rule's hour takes its day or month; the check `windows_are_no_finer_than_charges`
    fails on it. -#}
{% macro rule_window(rule, charges) -%}
    {%- if rule.pool_kind == 'overhead' or (rule.pool_kind in ['rule', 'service'] and rule.driver_window == 'month') -%}
        {{ charges }}.billing_period
    {%- elif rule.driver_window == 'hour' -%}
        coalesce({{ charges }}.charge_hour, {{ charges }}.charge_window)
    {%- else -%}
        {{ charges }}.charge_window
    {%- endif -%}
{%- endmacro %}
