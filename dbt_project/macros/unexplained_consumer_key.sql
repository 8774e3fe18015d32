{#- The consumer of billed bytes, or of GPU-hours of days without telemetry, that no feed explains. Keys of real consumers contain `=`. -#}
{% macro unexplained_consumer_key() -%}
    '~not in the feed'
{%- endmacro %}
