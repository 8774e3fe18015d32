{%- set rows = landed_to_map(source('raw', 'azure_focus')) -%}
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
        {{ delivered_focus_value(delivered, 'x_SkuMeterCategory') }} as x_sku_meter_category,
        {{ delivered_focus_value(delivered, 'x_SkuMeterName') }} as x_sku_meter_name,
        {{ delivered_focus_value(delivered, 'x_SkuDetails') }} as x_sku_details,
        {{ delivered_focus_value(delivered, 'x_SkuDescription') }} as x_sku_description,
        {{ delivered_focus_value(delivered, 'x_PricingUnitDescription') }} as x_pricing_unit_description,
        {{ delivered_focus_value(delivered, 'x_ResourceGroupName') }} as x_resource_group_name,
        {{ delivered_focus_value(delivered, 'x_InvoiceId') }} as x_invoice_id,
        {{ delivered_focus_value(delivered, 'x_PricingCurrency') }} as x_pricing_currency,
        {{ delivered_map(delivered, 'tags') }} as tags

    from delivered_charges

)

select * from renamed
