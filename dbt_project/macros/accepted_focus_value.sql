{#- A delivered text as one of the closed values of its FOCUS column, whatever its case; null where it is none of them. -#}
{% macro accepted_focus_value(column, values) -%}
case lower({{ column }})
    {%- for value in values %} when '{{ value | lower }}' then '{{ value }}'{% endfor %} end
{%- endmacro %}
