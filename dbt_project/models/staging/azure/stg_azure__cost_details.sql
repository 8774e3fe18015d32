{%- set rows = landed_to_map(source('raw', 'azure_cost_details'), kept_in='int_azure__export_totals') -%}
{%- set delivered = landed_columns(rows) -%}

with

delivered_lines as (

    select * from {{ rows }}

),

renamed as (

    select
        x_source_name as source_name,
        x_billing_period as billing_period,
        x_delivery_id as delivery_id,
        x_file as landed_file,
        x_row as landed_row,
        x_export_type as export_type,
        {{ first_delivered(delivered, ['BillingAccountId']) }} as billing_account_id,
        {{ first_delivered(delivered, ['BillingAccountName']) }} as billing_account_name,
        {{ first_delivered(delivered, ['BillingProfileId']) }} as billing_profile_id,
        {{ first_delivered(delivered, ['BillingProfileName']) }} as billing_profile_name,
        {{ first_delivered(delivered, ['SubscriptionId', 'SubscriptionGuid']) }} as subscription_id,
        {{ first_delivered(delivered, ['SubscriptionName']) }} as subscription_name,
        {{ first_delivered(delivered, ['BillingCurrency', 'BillingCurrencyCode', 'Currency']) }} as billing_currency,
        {{ first_delivered(delivered, ['PricingCurrency', 'PricingCurrencyCode']) }} as pricing_currency,
        {{ first_delivered(delivered, ['InvoiceId']) }} as invoice_id,
        {{ first_delivered(delivered, ['ProductName', 'Product']) }} as product_name,
        {{ first_delivered(delivered, ['ProductId']) }} as product_id,
        {{ first_delivered(delivered, ['PartNumber']) }} as part_number,
        {{ first_delivered(delivered, ['MeterId']) }} as meter_id,
        {{ first_delivered(delivered, ['MeterName']) }} as meter_name,
        {{ first_delivered(delivered, ['MeterCategory']) }} as meter_category,
        {{ first_delivered(delivered, ['MeterSubCategory']) }} as meter_subcategory,
        {{ first_delivered(delivered, ['ConsumedService']) }} as consumed_service,
        {{ first_delivered(delivered, ['UnitOfMeasure']) }} as unit_of_measure,
        {{ first_delivered(delivered, ['ResourceId', 'InstanceId', 'InstanceName']) }} as resource_id,
        {{ first_delivered(delivered, ['ResourceGroup', 'ResourceGroupName']) }} as resource_group,
        {{ first_delivered(delivered, ['ResourceLocation', 'Location']) }} as resource_location,
        {{ first_delivered(delivered, ['AvailabilityZone']) }} as availability_zone,
        {{ first_delivered(delivered, ['ChargeType']) }} as charge_type,
        {{ first_delivered(delivered, ['Frequency']) }} as frequency,
        {{ first_delivered(delivered, ['PricingModel']) }} as pricing_model,
        {{ first_delivered(delivered, ['BenefitId']) }} as benefit_id,
        {{ first_delivered(delivered, ['BenefitName']) }} as benefit_name,
        {{ first_delivered(delivered, ['ReservationId']) }} as reservation_id,
        {{ first_delivered(delivered, ['ReservationName']) }} as reservation_name,
        {{ first_delivered(delivered, ['PublisherName']) }} as publisher_name,
        {{ first_delivered(delivered, ['PublisherType']) }} as publisher_type,
        {{ first_delivered(delivered, ['PartnerName', 'ResellerName']) }} as partner_name,
        {% set additional_info = first_delivered(delivered, ['AdditionalInfo']) -%}
        {{ json_text(additional_info, 'ServiceType') }} as additional_info_service_type,
        {{ json_text(additional_info, 'UsageType') }} as additional_info_usage_type,
        {{ json_text(additional_info, 'VMName') }} as additional_info_vm_name,
        {{ text_to_map(first_delivered(delivered, ['Tags'])) }} as tags,
        {{ first_delivered(delivered, ['CostInBillingCurrency', 'Cost', 'PreTaxCost'], 'money') }} as cost,
        {{ first_delivered(delivered, ['CostInPricingCurrency'], 'money') }} as cost_in_pricing_currency,
        {{ first_delivered(delivered, ['PaygCostInBillingCurrency'], 'money') }} as payg_cost,
        {{ first_delivered(delivered, ['Quantity', 'UsageQuantity'], 'money') }} as quantity,
        {{ first_delivered(delivered, ['EffectivePrice', 'ResourceRate'], 'money') }} as effective_price,
        {{ first_delivered(delivered, ['UnitPrice'], 'money') }} as unit_price,
        {{ first_delivered(delivered, ['PayGPrice'], 'money') }} as payg_price,
        {{ first_delivered(delivered, ['ExchangeRatePricingToBilling', 'ExchangeRate'], 'money') }} as exchange_rate,
        {{ first_delivered(delivered, ['Date', 'UsageDateTime'], 'date') }} as usage_date,
        {{ first_delivered(delivered, ['BillingPeriodStartDate'], 'date') }} as billing_period_start_date,
        {{ first_delivered(delivered, ['BillingPeriodEndDate'], 'date') }} as billing_period_end_date,
        cast(x_submitted_at as timestamp) as submitted_at

    from delivered_lines

)

select * from renamed
