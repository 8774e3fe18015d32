{#- A delivered column as text, money or timestamp. delivered_type is the type it was landed with: text may be blank and
    carries instants with or without a zone (a zone is applied, so the result is UTC); native types need no detour.
    An amount or instant that cannot be read is an error of the run, not a silent null. -#}
{% macro cast_delivered(column, kind, delivered_type='VARCHAR') -%}
    {%- if kind not in ['text', 'money', 'timestamp'] -%}
        {{- exceptions.raise_compiler_error("cast_delivered: kind is '" ~ kind ~ "'; allowed are text, money, timestamp") -}}
    {%- endif -%}
    {%- if kind == 'money' and delivered_type == 'DOUBLE' -%}
        {{- money_of_double(column) -}}
    {%- elif kind == 'money' -%}
        {{- money(column) -}}
    {%- elif kind == 'timestamp' and delivered_type == 'TIMESTAMP' -%}
        {{- column -}}
    {%- elif kind == 'timestamp' -%}
        {{- utc_instant(blank_to_null(column)) -}}
    {%- else -%}
        {{- blank_to_null(column) -}}
    {%- endif -%}
{%- endmacro %}
