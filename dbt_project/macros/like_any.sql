{#- Whether a text matches one of a list of patterns, `\` being their escape character; false for null. -#}
{% macro like_any(text, patterns) -%}
    {{ return(adapter.dispatch('like_any')(text, patterns)) }}
{%- endmacro %}

{% macro default__like_any(text, patterns) -%}
    coalesce(list_bool_or(list_transform({{ patterns }}, lambda pattern: {{ text }} like pattern escape '\')), false)
{%- endmacro %}
