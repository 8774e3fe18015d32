{#- JSON object text with its braces, whether or not they were delivered. -#}
{% macro json_object_text(text) -%}
case
    when left(trim({{ text }}), 1) = '{' then trim({{ text }})
    else '{' || rtrim(trim({{ text }}), ',') || '}'
end
{%- endmacro %}
