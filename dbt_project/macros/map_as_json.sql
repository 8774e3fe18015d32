{#- A MAP of texts as the JSON object that FOCUS writes tags in; null stays null. -#}
{% macro map_as_json(map) -%}
    {{ return(adapter.dispatch('map_as_json')(map)) }}
{%- endmacro %}

{% macro default__map_as_json(map) -%}
    cast(to_json({{ map }}) as string)
{%- endmacro %}
