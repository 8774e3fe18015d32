{#- The clock of a run: FINOPS_NOW where it is set, for replays and tests, else the time dbt started. -#}

{#- The month that is open, as `YYYY-MM`. Read while running only: parsing must not depend on the clock. -#}
{% macro open_billing_period() -%}
    {%- if not execute -%}
        {{- return("'0000-00'") -}}
    {%- endif -%}
    {%- set now = env_var('FINOPS_NOW', '') or run_started_at.isoformat() -%}
    {{- return("'" ~ modules.datetime.datetime.fromisoformat(now).astimezone(modules.pytz.utc).strftime('%Y-%m') ~ "'") -}}
{%- endmacro %}
