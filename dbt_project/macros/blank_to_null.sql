{#- CSV deliveries write a missing value as nothing or as blanks. -#}
{% macro blank_to_null(text) -%}
nullif(trim(cast({{ text }} as varchar)), '')
{%- endmacro %}
