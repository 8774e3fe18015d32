{#- JSON object text of {key: column}, without the keys whose column is null; null when none is left. -#}
{% macro json_without_nulls(columns) -%}
{{ return(adapter.dispatch('json_without_nulls')(columns)) }}
{%- endmacro %}

{% macro default__json_without_nulls(columns) -%}
nullif(
    cast(json_merge_patch('{}', json_object(
        {%- for key, column in columns.items() %}'{{ key }}', {{ column }}{{ ', ' if not loop.last }}{% endfor -%}
    )) as varchar),
    '{}'
)
{%- endmacro %}
