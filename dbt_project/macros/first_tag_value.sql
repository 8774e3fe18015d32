{#- The first non-blank value of a tag whose key, with or without its provider's prefix, is one of a list of normalized
    keys: the earlier key of the list wins. tag_value() is the same for one key that is known while compiling. -#}
{% macro first_tag_value(tags, keys) -%}
    {{ return(adapter.dispatch('first_tag_value')(tags, keys)) }}
{%- endmacro %}

{% macro default__first_tag_value(tags, keys) -%}
    list_extract(
        list_sort(
            list_filter(
                list_transform(
                    map_entries({{ tags }}),
                    lambda entry: struct_pack(
                        place := coalesce(
                            list_position({{ keys }}, {{ normalized_tag_key('entry.key') }}),
                            list_position({{ keys }}, {{ normalized_tag_key('entry.key', with_prefix=false) }})
                        ),
                        tag_value := trim(entry.value)
                    )
                ),
                lambda candidate: candidate.place > 0 and candidate.tag_value <> ''
            )
        ), 1
    ).tag_value
{%- endmacro %}
