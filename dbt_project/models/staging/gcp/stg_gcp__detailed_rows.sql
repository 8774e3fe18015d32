{%- set types = {} -%}
{%- for name, column in landed_columns(source('raw', 'gcp_detailed')).items() -%}
    {%- do types.update({name: column.type}) -%}
{%- endfor -%}

-- Fields of a record are read with a dot, which the linter takes for a table's columns.
-- noqa: disable=RF03
with

delivered_rows as (

    select
        *,
        {{ entries_to_map('project.labels') }} as x_project_labels,
        {{ entries_to_map('tags') }} as x_tags,
        {{ entries_to_map('labels') }} as x_labels,
        {{ entries_to_map('system_labels') }} as x_system_labels

    from {{ landed(source('raw', 'gcp_detailed')) }}

),

renamed as (

    select
        x_source_name as source_name,
        x_billing_period as billing_period,
        x_delivery_id as delivery_id,
        x_file as landed_file,
        x_row as landed_row,
        {{ blank_to_null('billing_account_id') }} as billing_account_id,
        {{ blank_to_null('service.id') }} as service_id,
        {{ blank_to_null('service.description') }} as service_description,
        {{ blank_to_null('sku.id') }} as sku_id,
        {{ blank_to_null('sku.description') }} as sku_description,
        {{ blank_to_null('project.id') }} as project_id,
        {{ blank_to_null('project.name') }} as project_name,
        {{ blank_to_null('location.region') }} as location_region,
        {{ blank_to_null('location.zone') }} as location_zone,
        {{ blank_to_null('location.location') }} as location_location,
        {{ blank_to_null('resource.name') }} as resource_name,
        {{ blank_to_null('resource.global_name') }} as resource_global_name,
        {{ blank_to_null('subscription.instance_id') }} as subscription_instance_id,
        {{ blank_to_null('transaction_type') }} as transaction_type,
        {{ blank_to_null('seller_name') }} as seller_name,
        {{ blank_to_null('currency') }} as currency,
        {{ blank_to_null('usage.unit') }} as usage_unit,
        {{ blank_to_null('usage.pricing_unit') }} as usage_pricing_unit,
        {{ blank_to_null('adjustment_info.type') }} as adjustment_type,
        {{ blank_to_null('adjustment_info.description') }} as adjustment_description,
        {{ blank_to_null('invoice.month') }} as invoice_month,
        {{ blank_to_null('cost_type') }} as cost_type,
        {{ blank_to_null('consumption_model.description') }} as consumption_model,
        {{ merge_maps(['x_project_labels', 'x_tags', 'x_labels', 'x_system_labels']) }} as tags,
        {{ staged_gcp_credits('credits') }} as credits,
        {{ money('cost') }} as cost,
        {{ money('cost_at_list') }} as cost_at_list,
        {{ money('price.list_price') }} as price_list_price,
        {{ money('price.effective_price') }} as price_effective_price,
        {{ money('price.tier_start_amount') }} as price_tier_start_amount,
        {{ money('price.pricing_unit_quantity') }} as price_pricing_unit_quantity,
        -- A quantity, not money: byte-seconds of a large bucket do not fit a decimal with 18 places.
        cast({{ blank_to_null('usage.amount') }} as double) as usage_amount,
        {{ money('usage.amount_in_pricing_units') }} as usage_amount_in_pricing_units,
        {{ cast_delivered('usage_start_time', 'timestamp', types['usage_start_time']) }} as usage_start_time,
        {{ cast_delivered('usage_end_time', 'timestamp', types['usage_end_time']) }} as usage_end_time,
        {{ cast_delivered('export_time', 'timestamp', types['export_time']) }} as export_time

    from delivered_rows

)

select * from renamed
