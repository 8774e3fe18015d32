{#- The first non-blank value of a tag whose key, with or without its provider's prefix, is the normalized one. -#}
{% macro tag_value(tags, key) -%}
    {{ return(adapter.dispatch('tag_value')(tags, key)) }}
{%- endmacro %}

{% macro default__tag_value(tags, key) -%}
    list_extract(
        list_transform(
            list_filter(
                map_entries({{ tags }}),
                lambda entry: trim(entry.value) <> '' and (
                    {{ normalized_tag_key('entry.key') }} = {{ text_literal(key) }}
                    or {{ normalized_tag_key('entry.key', with_prefix=false) }} = {{ text_literal(key) }}
                )
            ),
            lambda entry: trim(entry.value)
        ), 1
    )
{%- endmacro %}
