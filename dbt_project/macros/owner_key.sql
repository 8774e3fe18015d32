{#- The consumer key of an owner that a rule names: a dictionary of consumer columns. -#}
{% macro owner_key(owner) -%}
    {%- set parts = [] -%}
    {%- for column in consumer_columns() if owner.get(column) -%}
        {%- do parts.append(column ~ '=' ~ owner[column] | replace('%', '%25') | replace('|', '%7C')) -%}
    {%- endfor -%}
    {{ text_literal(parts | join('|')) }}
{%- endmacro %}
