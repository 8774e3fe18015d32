{#- The first of several names of one delivered column that has a value, cast; null where none of the names was landed.
    EA, MCA and older exports call the same thing differently, and one company may have them all. -#}
{% macro first_delivered(delivered, names, kind='text') -%}
    {%- set values = [] -%}
    {%- for name in names if name | lower in delivered -%}
        {%- do values.append(blank_to_null(adapter.quote(delivered[name | lower].name))) -%}
    {%- endfor -%}
    {%- set value = 'coalesce(' ~ (values | join(', ')) ~ ')' if values | length > 1 else values | first -%}
    {%- if not values -%}
        cast(null as {{ delivered_kind_type(kind) }})
    {%- elif kind == 'text' -%}
        {{- value -}}
    {%- elif kind == 'money' -%}
        {{- read_or_refuse(money(value), value, names[0], 'a number below 10^20') -}}
    {%- elif kind == 'date' -%}
        {{- read_or_refuse(delivered_date(value), value, names[0], 'a day') -}}
    {%- else -%}
        {{- exceptions.raise_compiler_error("first_delivered: kind is '" ~ kind ~ "'; allowed are text, money, date") -}}
    {%- endif -%}
{%- endmacro %}
