{#- A decimal as the shortest plain text, `8` or `0.25`: JSON's numbers, and FOCUS's, without exponent. -#}
{% macro plain_number(amount) -%}
    rtrim(rtrim(cast(cast({{ amount }} as {{ money_type() }}) as string), '0'), '.')
{%- endmacro %}
