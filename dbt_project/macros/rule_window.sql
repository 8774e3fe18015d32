{#- The window a rule takes its driver over. Cost is compared over the billing month, whatever the charge's length. -#}
{% macro rule_window(rule, charges) -%}
    {%- if rule.pool_kind == 'overhead' or (rule.pool_kind in ['rule', 'service'] and rule.driver_window == 'month') -%}
        {{ charges }}.billing_period
    {%- else -%}
        {{ charge_window(charges) }}
    {%- endif -%}
{%- endmacro %}
