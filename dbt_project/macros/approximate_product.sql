{#- Price x quantity as a decimal. Two wide decimals cannot be multiplied exactly (the product overflows), so this goes
    through DOUBLE and is right to about 15 digits: for list and contracted costs that the provider did not deliver,
    never for billed or effective cost. -#}
{% macro approximate_product(price, quantity) -%}
{{ return(adapter.dispatch('approximate_product')(price, quantity)) }}
{%- endmacro %}

{% macro default__approximate_product(price, quantity) -%}
{{ money('cast(' ~ price ~ ' as double) * cast(' ~ quantity ~ ' as double)') }}
{%- endmacro %}
