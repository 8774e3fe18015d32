{#- A SQL list of paths. -#}
{% macro path_list(paths) -%}
['{{ paths | map('replace', "'", "''") | join("', '") }}']
{%- endmacro %}
