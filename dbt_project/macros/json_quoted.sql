{#- A text as a JSON string, quotes and all; null stays null. -#}
{% macro json_quoted(text) -%}
    {{ return(adapter.dispatch('json_quoted')(text)) }}
{%- endmacro %}

{% macro default__json_quoted(text) -%}
    cast(to_json({{ text }}) as string)
{%- endmacro %}
