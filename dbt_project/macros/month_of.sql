{#- The month a day lies in, named like a billing period. -#}
{% macro month_of(day) -%}
    substr(cast({{ day }} as string), 1, 7)
{%- endmacro %}
