{#- One MAP of several; on a repeated key the later MAP wins; null MAPs count as empty, and no entry at all is null. -#}
{% macro merge_maps(maps) -%}
{{ return(adapter.dispatch('merge_maps')(maps)) }}
{%- endmacro %}

{% macro default__merge_maps(maps) -%}
{%- set merged = 'map_concat(' ~ (maps | join(', ')) ~ ')' -%}
case when cardinality({{ merged }}) > 0 then {{ merged }} end
{%- endmacro %}
