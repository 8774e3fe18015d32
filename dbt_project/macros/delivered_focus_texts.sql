{#- All columns of a FOCUS delivery, amounts and dates as the texts that delivered_focus_value reads: null where none was
    written. In a step of its own, because reading one names its text several times: with the text written out there,
    what the engine has to bind is three times as much. -#}
{% macro delivered_focus_texts(delivered) -%}
    {%- set texts = [] -%}
    {%- for column in focus_columns() if column.kind != 'text' and column.focus | lower in delivered -%}
        {%- set name = adapter.quote(delivered[column.focus | lower].name) -%}
        {%- set text = focus_text(name) -%}
        {%- if column.kind == 'money' -%}
            {%- set text = "nullif(nullif(nullif(lower(" ~ text ~ "), 'null'), 'nan'), 'none')" -%}
        {%- endif -%}
        {%- do texts.append(text ~ ' as ' ~ name) -%}
    {%- endfor -%}
    {{- return('* replace (\n            ' ~ texts | join(',\n            ') ~ '\n        )' if texts else '*') -}}
{%- endmacro %}

{#- Delivered text; real exports write a missing value as nothing or as the text NULL. -#}
{% macro focus_text(column) -%}
nullif(nullif({{ blank_to_null(column) }}, 'NULL'), 'null')
{%- endmacro %}
