{#- A column whose values are a closed list known beforehand, as an ENUM: one byte a row in place of a text. Writing
    such a column to Parquet is a sixth of the work (a text is hashed for every row), and a value that nobody thought of
    stops the run. Joined with text, it is text again. -#}
{% macro one_of(column, values) -%}
{{ return(adapter.dispatch('one_of')(column, values)) }}
{%- endmacro %}

{% macro default__one_of(column, values) -%}
cast({{ column }} as enum ('{{ values | join("', '") }}'))
{%- endmacro %}
