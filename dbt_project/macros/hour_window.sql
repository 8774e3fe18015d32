{#- The name of the window of an hour, `2026-10-05T14`. -#}
{% macro hour_window(instant) -%}
    replace(substr(cast({{ instant }} as string), 1, 13), ' ', 'T')
{%- endmacro %}
