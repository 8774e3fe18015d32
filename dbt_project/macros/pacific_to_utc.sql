{#- The UTC instant of a wall-clock time in Google's invoice time zone, daylight saving time included. -#}
{% macro pacific_to_utc(local_timestamp) -%}
{{ return(adapter.dispatch('pacific_to_utc')(local_timestamp)) }}
{%- endmacro %}

{% macro default__pacific_to_utc(local_timestamp) -%}
timezone('UTC', timezone('America/Los_Angeles', {{ local_timestamp }}))
{%- endmacro %}
