{#- A SQL list of texts for `in`: ('a', 'b'). -#}
{% macro text_list(texts) -%}
('{{ texts | map('replace', "'", "''") | join("', '") }}')
{%- endmacro %}
