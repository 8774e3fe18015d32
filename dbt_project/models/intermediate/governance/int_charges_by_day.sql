{{ config(materialized='kept_months', kept_by='charge_date') }}
-- What was bought on each day, as it is watched.
with charges as (

    select * from {{ ref('focus_cost_and_usage') }}
    where {{ is_of_months_made('x_ChargeDate') }}

)

select
    x_SourceName as source_name,
    ProviderName as provider_name,
    coalesce(SubAccountId, BillingAccountId) as account,
    ServiceName as service_name,
    coalesce(SkuMeter, SkuId) as sku,
    BillingCurrency as billing_currency,
    x_BillingPeriod as billing_period,
    x_ChargeDate as charge_date,
    ChargeCategory = 'Usage' as is_usage,
    ConsumedUnit as usage_unit,
    sum(EffectiveCost) as cost,
    sum(ConsumedQuantity) as usage,
    count(*) as row_count
from charges
group by
    x_SourceName,
    ProviderName,
    coalesce(SubAccountId, BillingAccountId),
    ServiceName,
    coalesce(SkuMeter, SkuId),
    BillingCurrency,
    x_BillingPeriod,
    x_ChargeDate,
    ChargeCategory = 'Usage',
    ConsumedUnit
