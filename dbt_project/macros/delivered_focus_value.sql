{#- A column of a FOCUS delivery as text, money or date; null where it was not landed. Real exports write a missing value
    as nothing or as the text NULL. -#}
{% macro delivered_focus_value(delivered, name, kind='text') -%}
    {%- if name | lower not in delivered -%}
        {{- return('cast(null as ' ~ delivered_kind_type(kind) ~ ')') -}}
    {%- endif -%}
    {%- set text = "nullif(" ~ blank_to_null(adapter.quote(delivered[name | lower].name)) ~ ", 'NULL')" -%}
    {%- if kind == 'text' -%}
        {{- return(text) -}}
    {%- elif kind == 'money' -%}
        {{- return(money(text)) -}}
    {%- elif kind == 'date' -%}
        {{- return(delivered_date(text)) -}}
    {%- endif -%}
    {{- exceptions.raise_compiler_error("delivered_focus_value: kind is '" ~ kind ~ "'; allowed are text, money, date") -}}
{%- endmacro %}
