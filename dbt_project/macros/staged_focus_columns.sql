{#- The select list of a FOCUS staging model: the row's address, then every FOCUS column but the tags. delivered:
    landed_columns(). -#}
{% macro staged_focus_columns(delivered) %}
        x_source_name as source_name,
        x_billing_period as billing_period,
        x_delivery_id as delivery_id,
        x_file as landed_file,
        x_row as landed_row,
    {%- for column in focus_columns() %}
        {{ delivered_focus_value(delivered, column.focus, column.kind) }} as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{% endmacro %}
