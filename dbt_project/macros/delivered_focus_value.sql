{#- A column of a FOCUS delivery as text, money or date; null where it was not landed. Real exports write a missing value
    as nothing or as the text NULL, data frames a missing number as NaN or None. Amounts and dates are read from the texts
    that delivered_focus_texts leaves in the step before. -#}
{% macro delivered_focus_value(delivered, name, kind='text') -%}
    {%- if name | lower not in delivered -%}
        {{- return('cast(null as ' ~ delivered_kind_type(kind) ~ ')') -}}
    {%- endif -%}
    {%- set column = adapter.quote(delivered[name | lower].name) -%}
    {%- if kind == 'text' -%}
        {{- return(focus_text(column)) -}}
    {%- elif kind == 'money' -%}
        {{- return(read_or_refuse(money(column), column, name, 'a number below 10^20')) -}}
    {%- elif kind == 'date' -%}
        {{- return(read_or_refuse(delivered_date(column), column, name, 'a date or an instant')) -}}
    {%- endif -%}
    {{- exceptions.raise_compiler_error("delivered_focus_value: kind is '" ~ kind ~ "'; allowed are text, money, date") -}}
{%- endmacro %}
