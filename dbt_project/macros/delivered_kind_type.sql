{#- The type a delivered column gets in staging. -#}
{% macro delivered_kind_type(kind) -%}
{{- {'text': 'varchar', 'money': money_type(), 'timestamp': 'timestamp', 'date': 'timestamp'}[kind] -}}
{%- endmacro %}
