{%- set rows = landed_to_map(source('raw', 'aws_focus')) -%}
{%- set delivered = landed_columns(rows) -%}

with

delivered_charges as (

    select
        {{ delivered_focus_texts(delivered) }}

    from {{ rows }}

),

renamed as (

    select
        {{- staged_focus_columns(delivered) }},
        {{ delivered_focus_value(delivered, 'x_ServiceCode') }} as x_service_code,
        {{ delivered_focus_value(delivered, 'x_UsageType') }} as x_usage_type,
        {{ delivered_focus_value(delivered, 'x_Operation') }} as x_operation,
        {{ delivered_map(delivered, 'tags') }} as tags

    from delivered_charges

)

select * from renamed
