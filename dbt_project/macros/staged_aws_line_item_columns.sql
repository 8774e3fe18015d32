{#- The select list of an AWS staging model: every column of aws_line_item_columns() cast from the first of its names
    that the landed table has, or null where the customer's export leaves it out. delivered: landed_columns(). -#}
{% macro staged_aws_line_item_columns(delivered, is_legacy) %}
    {%- for column in aws_line_item_columns() %}
        {%- set names = [column.legacy, column.name] if is_legacy else [column.name] -%}
        {%- set found = names | map('lower') | select('in', delivered) | list %}
        {% if found -%}
            {%- set source_column = delivered[found[0]] -%}
            {{ cast_delivered(adapter.quote(source_column.name), column.kind, source_column.type) }} as {{ column.name }},
        {%- else -%}
            cast(null as {{ delivered_kind_type(column.kind) }}) as {{ column.name }},
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
