{#- The version of the rules in force on a day. -#}
{% macro rule_version_on(day) -%}
    {%- if not execute -%}
        {{- return("cast(null as string)") -}}
    {%- endif -%}
    {%- set file = env_var('FINOPS_HOME') ~ '/landing/rules/settings.parquet' -%}
    {%- set settings = run_query('select periods from ' ~ adapter.dispatch('read_landed_files')([file])) -%}
    {%- set periods = fromjson(settings.rows[0][0]) -%}
    {%- if periods | length == 1 -%}
        '{{ periods[0].rule_version }}'
    {%- else -%}
        case
            {%- for period in periods[:-1] %}
            when {{ day }} < date '{{ period.valid_to }}' then '{{ period.rule_version }}'
            {%- endfor %}
            else '{{ periods[-1].rule_version }}'
        end
    {%- endif -%}
{%- endmacro %}
