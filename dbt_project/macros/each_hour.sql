{#- One row for every hour from first to last, both included. -#}
{% macro each_hour(first, last) -%}
    {{ return(adapter.dispatch('each_hour')(first, last)) }}
{%- endmacro %}

{% macro default__each_hour(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval 1 hour))
{%- endmacro %}
