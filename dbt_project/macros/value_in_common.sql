{#- An aggregate: the value that all rows of a group carry, null where they differ or one has none. -#}
{% macro value_in_common(column) -%}
    case when count({{ column }}) = count(*) and min({{ column }}) = max({{ column }}) then min({{ column }}) end
{%- endmacro %}
