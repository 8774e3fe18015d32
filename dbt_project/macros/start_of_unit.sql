{#- The UTC day (a DATE) or hour (a TIMESTAMP) that an instant lies in. -#}
{% macro start_of_unit(unit, instant) -%}
    {{ 'cast(' ~ instant ~ ' as date)' if unit == 'day' else "date_trunc('hour', " ~ instant ~ ')' }}
{%- endmacro %}
