{#- One field of a JSON object text as text; null when the text is no JSON or has no such field. -#}
{% macro json_text(text, field) -%}
{{ return(adapter.dispatch('json_text')(text, field)) }}
{%- endmacro %}

{% macro default__json_text(text, field) -%}
nullif(json_extract_string(try_cast({{ json_object_text(text) }} as json), '$.{{ field }}'), '')
{%- endmacro %}
