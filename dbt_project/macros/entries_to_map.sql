{#- A MAP from a list of {key, value} entries. The first entry of a key wins: GCP tags may repeat a key in two namespaces,
    and a MAP with a repeated key is an error. Null or empty lists are null. -#}
{% macro entries_to_map(entries) -%}
{{ return(adapter.dispatch('entries_to_map')(entries)) }}
{%- endmacro %}

{% macro default__entries_to_map(entries) -%}
case
    when coalesce(len({{ entries }}), 0) = 0 then null
    else map_from_entries(
        list_transform(
            list_filter(
                {{ entries }},
                lambda entry, place: entry.key is not null
                    and list_position(list_transform({{ entries }}, lambda other: other.key), entry.key) = place
            ),
            lambda entry: struct_pack(k := cast(entry.key as varchar), v := cast(entry.value as varchar))
        )
    )
end
{%- endmacro %}
