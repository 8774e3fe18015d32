{#- A value read from delivered text, null where there is no text. Text that cannot be read stops the run in words for
    who is on call: source, file, row, column and value, which the engine's own message leaves out. Of rows with their
    address, as landed. -#}
{% macro read_or_refuse(value, text, column, expected) -%}
{{ return(adapter.dispatch('read_or_refuse')(value, text, column, expected)) }}
{%- endmacro %}

{% macro default__read_or_refuse(value, text, column, expected) -%}
case
    when {{ text }} is not null
        then coalesce(
            try({{ value }}),
            error(concat(
                x_source_name, ': ', x_file, ', row ', x_row, ': ', {{ text_literal(column) }}, ' is ''', {{ text }},
                {{ text_literal("'; expected " ~ expected) }}
            ))
        )
end
{%- endmacro %}
