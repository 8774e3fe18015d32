{#- The product's name of a delivered AWS line: an entry of a map in CUR 2.0, a column in the legacy report. -#}
{% macro delivered_aws_product_name(delivered, is_legacy) -%}
    {%- if is_legacy -%}
        {{- first_delivered(delivered, ['product/ProductName', 'product_product_name']) -}}
    {%- else -%}
        {{- delivered_map(delivered, 'product') -}}['product_name']
    {%- endif -%}
{%- endmacro %}
