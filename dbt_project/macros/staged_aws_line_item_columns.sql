{#- The select list of an AWS staging model: every column of aws_line_item_columns(), or those of `names`, cast from its
    delivered spellings, or null where the customer's export leaves it out. Legacy reports say `lineItem/UnblendedCost`
    as CSV and `line_item_unblended_cost` as Parquet, and one company may have both. delivered: landed_columns(). -#}
{% macro staged_aws_line_item_columns(delivered, is_legacy, names=none) %}
    {%- for column in aws_line_item_columns() if names is none or column.name in names %}
        {%- set spellings = [column.legacy, column.name] if is_legacy else [column.name] -%}
        {%- set found = spellings | map('lower') | select('in', delivered) | list %}
        {%- set values = [] -%}
        {%- for name in found -%}
            {%- set source_column = delivered[name] -%}
            {%- do values.append(
                cast_delivered(adapter.quote(source_column.name), column.kind, source_column.type) | trim
            ) -%}
        {%- endfor %}
        {% if values | length > 1 -%}
            coalesce({{ values | join(', ') }}) as {{ column.name }},
        {%- elif values -%}
            {{ values[0] }} as {{ column.name }},
        {%- else -%}
            cast(null as {{ delivered_kind_type(column.kind) }}) as {{ column.name }},
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
