{#- quantity x numerator / denominator in whole numbers, cut off, with a product of up to 38 digits. -#}
{% macro whole_portion(quantity, numerator, denominator, type='bigint') -%}
    {{ return(adapter.dispatch('whole_portion')(quantity, numerator, denominator, type)) }}
{%- endmacro %}

{% macro default__whole_portion(quantity, numerator, denominator, type) -%}
    cast(cast({{ quantity }} as hugeint) * cast({{ numerator }} as hugeint) // {{ denominator }} as {{ type }})
{%- endmacro %}
