{#- The delivered columns, as SQL names, that together are a line's description (aws_description_columns.sql): every
    spelling that is delivered, the product's name, and the delivery itself. As delivered, because the engine hashes the
    dictionary of a column of a file, and would hash every row of what was trimmed. -#}
{% macro delivered_aws_descriptions(delivered, is_legacy) %}
    {%- set columns = ['x_source_name', 'x_billing_period', 'x_delivery_id', 'x_is_net', 'x_product_name'] -%}
    {%- for column in aws_line_item_columns() if column.name in aws_description_columns() -%}
        {%- for name in ([column.legacy, column.name] if is_legacy else [column.name]) | unique -%}
            {%- if name | lower in delivered -%}
                {%- do columns.append(adapter.quote(delivered[name | lower].name)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}
