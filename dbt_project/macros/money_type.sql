{#- The one money type: exact from the delivered file to the mart. -#}
{% macro money_type() -%}
decimal(38, 18)
{%- endmacro %}
