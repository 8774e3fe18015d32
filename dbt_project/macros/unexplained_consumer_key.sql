{#- The consumer of billed bytes that no feed explains. Keys of real consumers contain `=`. -#}
{% macro unexplained_consumer_key() -%}
    '~not in the feed'
{%- endmacro %}
