{# The CTEs of `int_daily_series` that tell what was bought, day by day: `charges_by_day` and `charge_series`.
   They read its `charges` and `sources`. #}
{% macro daily_series_of_charges() %}
-- taxes, credits, purchases and fees fall on one day of the month by nature: what people use is watched
charges_by_day as (

    select charges.*
    from charges
    inner join sources
        on charges.source_name = sources.source_name
    where charges.is_usage and charges.charge_date <= sources.last_day

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
