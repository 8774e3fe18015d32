{{ config(materialized='table') }}
with

delivered_charges as (

    select * from {{ ref('stg_azure__focus_charges') }}

),

mapped as (

    select
        {{- mapped_focus_charge_columns(
            'azure',
            own={
                'service_key': 'coalesce(x_sku_meter_category, service_name)',
                'meter_text': 'coalesce(x_sku_meter_name, sku_meter, charge_description)',
                'instance_type': "coalesce("
                    ~ json_text('x_sku_details', 'ServiceType') ~ ", "
                    ~ json_text('sku_price_details', 'InstanceType') ~ ", "
                    ~ json_text('sku_price_details', 'x_ServiceType') ~ ")",
                'resource_id': 'lower(resource_id)',
                'invoice_id': 'coalesce(invoice_id, x_invoice_id)',
                'pricing_currency': 'coalesce(pricing_currency, x_pricing_currency)',
                'cluster': azure_cluster_of('x_resource_group_name'),
                'node_pool': azure_scale_set_of('resource_id'),
                'bucket': "case when x_sku_meter_category = 'Storage' then "
                    ~ azure_storage_account_of('resource_id') ~ " end",
            },
        ) }}

    from delivered_charges

)

select * from mapped
where {{ is_of_months(months_to_map()) }}
