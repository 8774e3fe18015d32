{#- A MAP from JSON text, with or without its braces (Azure EA writes tags without). Text that is no JSON object is kept
    under the key `x_UnparsedTags`, because a bad tag must not lose the row or the hint. Empty text and {} are null. -#}
{% macro text_to_map(text) -%}
{{ return(adapter.dispatch('text_to_map')(text)) }}
{%- endmacro %}

{% macro default__text_to_map(text) -%}
case
    when nullif(trim({{ text }}), '') is null or trim({{ text }}) in ('{}', 'null', 'NULL') then null
    else coalesce(
        try_cast(try_cast({{ json_object_text(text) }} as json) as map(varchar, varchar)),
        map {'x_UnparsedTags': {{ text }}}
    )
end
{%- endmacro %}
