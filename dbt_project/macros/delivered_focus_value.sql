{#- A column of a FOCUS delivery as text, money or date; null where it was not landed. Real exports write a missing value
    as nothing or as the text NULL, data frames a missing number as NaN or None. -#}
{% macro delivered_focus_value(delivered, name, kind='text') -%}
    {%- if name | lower not in delivered -%}
        {{- return('cast(null as ' ~ delivered_kind_type(kind) ~ ')') -}}
    {%- endif -%}
    {%- set written = blank_to_null(adapter.quote(delivered[name | lower].name)) -%}
    {%- set text = "nullif(nullif(" ~ written ~ ", 'NULL'), 'null')" -%}
    {%- if kind == 'text' -%}
        {{- return(text) -}}
    {%- elif kind == 'money' -%}
        {%- set number = "nullif(nullif(nullif(lower(" ~ text ~ "), 'null'), 'nan'), 'none')" -%}
        {{- return(read_or_refuse(money(number), number, name, 'a number below 10^20')) -}}
    {%- elif kind == 'date' -%}
        {{- return(read_or_refuse(delivered_date(text), text, name, 'a date or an instant')) -}}
    {%- endif -%}
    {{- exceptions.raise_compiler_error("delivered_focus_value: kind is '" ~ kind ~ "'; allowed are text, money, date") -}}
{%- endmacro %}
