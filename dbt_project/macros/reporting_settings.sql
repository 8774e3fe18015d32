{#- One row: the settings that the rules were landed with. -#}
{% macro reporting_settings() -%}
    {%- if not execute -%}
        {{- return("(select 'XXX' as reporting_currency)") -}}
    {%- endif -%}
    {%- set file = env_var('FINOPS_HOME') ~ '/landing/rules/settings.parquet' -%}
    {{- return("(select reporting_currency from " ~ adapter.dispatch('read_landed_files')([file]) ~ ")") -}}
{%- endmacro %}
