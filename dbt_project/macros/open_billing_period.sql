{#- The month that is open, as `YYYY-MM`, by the clock of the run: FINOPS_NOW where it is set, for replays and tests,
    else the time dbt started. Read while running only: parsing must not depend on the clock. -#}
{% macro open_billing_period() -%}
    {%- if not execute -%}
        {{- return("'0000-00'") -}}
    {%- endif -%}
    {%- set now = modules.datetime.datetime.fromisoformat(env_var('FINOPS_NOW', '') or run_started_at.isoformat()) -%}
    {#- like everywhere else, an instant without zone is UTC -#}
    {%- set now = now.astimezone(modules.pytz.utc) if now.tzinfo else now -%}
    {{- return("'" ~ now.strftime('%Y-%m') ~ "'") -}}
{%- endmacro %}
