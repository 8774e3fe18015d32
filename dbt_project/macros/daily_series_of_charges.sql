{# The CTEs of `int_daily_series` that tell what was bought, day by day: `charges_by_day` and `charge_series`.
   They read its `charges` and `sources`. #}
{% macro daily_series_of_charges() %}
-- taxes, credits, purchases and fees fall on one day of the month by nature: what people use is watched
charges_by_day as (

    select
        charges.x_SourceName as source_name,
        charges.ProviderName as provider_name,
        coalesce(charges.SubAccountId, charges.BillingAccountId) as account,
        charges.ServiceName as service_name,
        coalesce(charges.SkuMeter, charges.SkuId) as sku,
        charges.BillingCurrency as billing_currency,
        charges.x_ChargeDate as charge_date,
        charges.ConsumedUnit as usage_unit,
        sum(charges.EffectiveCost) as cost,
        sum(charges.ConsumedQuantity) as usage,
        count(*) as row_count
    from charges
    inner join sources
        on charges.x_SourceName = sources.source_name
    where charges.ChargeCategory = 'Usage' and charges.x_ChargeDate <= sources.last_day
    group by
        charges.x_SourceName,
        charges.ProviderName,
        coalesce(charges.SubAccountId, charges.BillingAccountId),
        charges.ServiceName,
        coalesce(charges.SkuMeter, charges.SkuId),
        charges.BillingCurrency,
        charges.x_ChargeDate,
        charges.ConsumedUnit

),

charge_series as (

    select
        case
            when grouping(sku) = 0 then 'sku'
            when grouping(service_name) = 0 then 'service'
            when grouping(account) = 0 then 'account'
            when grouping(provider_name) = 0 then 'provider'
            else 'total'
        end as scope,
        case
            when grouping(sku) = 0 then sku
            when grouping(service_name) = 0 then service_name
            when grouping(account) = 0 then account
            when grouping(provider_name) = 0 then provider_name
            else 'total'
        end as entity,
        source_name,
        provider_name,
        service_name,
        billing_currency,
        charge_date,
        sum(cost) as cost,
        -- quantities add up within one unit only; told without a set of units for each group, which ten thousand series
        -- of a year need more memory for than there is
        case when grouping(sku) = 0 and min(usage_unit) = max(usage_unit) then sum(usage) end as usage,
        cast(sum(row_count) as bigint) as row_count
    from charges_by_day
    group by grouping sets (
        (billing_currency, charge_date),
        (provider_name, billing_currency, charge_date),
        (source_name, account, billing_currency, charge_date),
        (provider_name, service_name, billing_currency, charge_date),
        (provider_name, service_name, sku, billing_currency, charge_date)
    )

)
{% endmacro %}
