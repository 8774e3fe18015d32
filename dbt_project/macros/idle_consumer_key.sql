{#- The consumer of capacity that nobody held. Keys of real consumers contain `=`, those of idle hours begin with a tilde:
    see idle_type_of. -#}
{% macro idle_consumer_key() -%}
    '~idle'
{%- endmacro %}
