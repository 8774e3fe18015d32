{#- The consumer of capacity that nobody held. Keys of real consumers contain `=`. -#}
{% macro idle_consumer_key() -%}
    '~idle'
{%- endmacro %}
