{{ config(materialized='table') }}
with

cost_details as (

    select * from {{ ref('stg_azure__cost_details') }}

),

exports as (

    -- One row per source and period: the choice is the same in every currency.
    select distinct
        source_name,
        billing_period,
        on_demand_export,
        has_actual,
        has_amortized

    from {{ ref('int_azure__exports_paired') }}

),

pricing_units as (

    select * from {{ ref('pricing_units') }}
    where provider = 'azure'

),

chosen_lines as (

    select
        cost_details.*,
        {{ is_azure_commitment() }} as is_commitment,
        {{ is_azure_commitment_purchase() }} as is_commitment_purchase,
        exports.has_actual and exports.has_amortized as has_both_exports,
        coalesce(pricing_units.units_per_block, 1) as units_per_block

    from cost_details
    inner join exports
        on
            cost_details.source_name = exports.source_name
            and cost_details.billing_period = exports.billing_period
    left join pricing_units
        on lower(cost_details.unit_of_measure) = lower(pricing_units.delivered_unit)
    -- A single export is taken whole. Of two, commitments are used by the amortized one and bought by the actual one,
    -- and everything else is taken from one of them.
    where
        not (exports.has_actual and exports.has_amortized)
        or (cost_details.export_type = 'AmortizedCost' and {{ is_azure_commitment() }})
        or (cost_details.export_type = 'ActualCost' and {{ is_azure_commitment_purchase() }})
        or (cost_details.export_type = exports.on_demand_export and not {{ is_azure_commitment() }})

),

costed_lines as (

    select
        *,
        coalesce(cost, 0) as delivered_cost,
        -- The amortized export spreads what the actual one bills; the actual export alone stands as delivered.
        case when export_type = 'AmortizedCost' and is_commitment then 0 else coalesce(cost, 0) end as billed_cost,
        case
            when has_both_exports and export_type = 'ActualCost' and is_commitment_purchase then 0
            else coalesce(cost, 0)
        end as effective_cost,
        case
            -- Files from before charge types hold usage only.
            when charge_type is null then 'Usage'
            when charge_type in ('Usage', 'UnusedReservation', 'UnusedSavingsPlan') then 'Usage'
            when charge_type in ('Purchase', 'Refund') then 'Purchase'
            when charge_type in ('Tax', 'Credit') then charge_type
            else 'Adjustment'
        end as charge_category,
        coalesce(charge_type in ('UnusedReservation', 'UnusedSavingsPlan'), false) as is_unused,
        coalesce(charge_type, 'Usage') = 'Usage' as is_consumption,
        -- Quantities come in single units or in blocks of the unit of measure; the price says which.
        case
            when units_per_block = 1 or quantity is null then quantity
            when coalesce(effective_price, 0) = 0 then {{ approximate_quotient('quantity', 'units_per_block') }}
            when
                abs({{ approximate_product('effective_price', 'quantity') }} - coalesce(cost, 0))
                <= abs(
                    {{ approximate_product('effective_price', approximate_quotient('quantity', 'units_per_block')) }}
                    - coalesce(cost, 0)
                )
                then quantity
            else {{ approximate_quotient('quantity', 'units_per_block') }}
        end as blocks,
        -- Usage of a reservation on a customer agreement has no prices but 0, the effective one left out.
        coalesce(nullif(unit_price, 0), effective_price, unit_price) as known_unit_price,
        coalesce(exchange_rate, 1) as price_exchange_rate,
        coalesce(benefit_id, reservation_id) as commitment_id,
        -- Old pay-as-you-go files name no billing account: the subscription is what Microsoft invoices then.
        coalesce(billing_profile_id, billing_account_id, subscription_id) as invoiced_account_id

    from chosen_lines

),

priced_lines as (

    select
        *,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when charge_category = 'Purchase' and delivered_cost < 0 then -abs(coalesce(blocks, 1))
            else coalesce(blocks, 0)
        end as pricing_quantity,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when is_unused then 0
            when charge_category = 'Purchase' or coalesce(payg_price, 0) = 0 then abs(known_unit_price)
            else abs(payg_price)
        end as list_price,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when is_unused then 0
            else abs(known_unit_price)
        end as contracted_price

    from costed_lines

),

mapped as (

    select
        source_name,
        'azure' as provider,
        delivery_id,
        landed_file,
        landed_row,
        cast(null as varchar) as charge_part,
        invoiced_account_id as billing_account_id,
        case
            when coalesce(billing_profile_id, billing_account_id) is null then subscription_name
            else coalesce(billing_profile_name, billing_account_name)
        end as billing_account_name,
        case
            when billing_profile_id != billing_account_id then 'Billing Profile'
            when coalesce(billing_profile_id, billing_account_id) is null and subscription_id is not null
                then 'Subscription'
            else 'Billing Account'
        end as billing_account_type,
        nullif(subscription_id, '00000000-0000-0000-0000-000000000000') as sub_account_id,
        case
            when subscription_id != '00000000-0000-0000-0000-000000000000' then subscription_name
        end as sub_account_name,
        case when subscription_id != '00000000-0000-0000-0000-000000000000' then 'Subscription' end as sub_account_type,
        billing_currency,
        billing_period,
        billing_period_start_date as billing_period_start,
        billing_period_end_date + interval 1 day as billing_period_end,
        usage_date as charge_period_start,
        usage_date + interval 1 day as charge_period_end,
        charge_category,
        case when charge_type = 'Refund' then 'Correction' end as charge_class,
        product_name as charge_description,
        case
            when charge_category = 'Usage' then 'Usage-Based'
            when frequency = 'OneTime' then 'One-Time'
            when charge_category = 'Purchase' then 'Recurring'
            when frequency = 'Recurring' then 'Recurring'
            else 'One-Time'
        end as charge_frequency,
        case
            when is_unused then 'unused commitment'
            when is_commitment_purchase then 'commitment purchase'
            when charge_type = 'Refund' then 'refund'
            else 'delivered'
        end as charge_origin,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when charge_category = 'Usage' and is_commitment then 'Committed'
            when pricing_model = 'Spot' then 'Dynamic'
            else 'Standard'
        end as pricing_category,
        pricing_quantity,
        cast(null as {{ money_type() }}) as consumed_quantity,
        cast(null as varchar) as consumed_meter_unit,
        cast(null as {{ money_type() }}) as stored_byte_hours,
        -- A customer agreement prices in one currency and bills in another.
        case
            when price_exchange_rate = 1 then list_price
            else {{ approximate_product('list_price', 'price_exchange_rate') }}
        end as list_unit_price,
        case
            when price_exchange_rate = 1 then contracted_price
            else {{ approximate_product('contracted_price', 'price_exchange_rate') }}
        end as contracted_unit_price,
        case
            when is_unused then 0
            when charge_category != 'Usage' then delivered_cost
            when payg_cost is not null and payg_cost != 0 then payg_cost
            when list_price is null then delivered_cost
            when list_price = contracted_price and (not is_commitment or coalesce(unit_price, 0) = 0)
                then delivered_cost
            when price_exchange_rate = 1 then {{ approximate_product('list_price', 'pricing_quantity') }}
            else
                {{ approximate_product(
                    approximate_product('list_price', 'pricing_quantity'), 'price_exchange_rate'
                ) }}
        end as list_cost,
        case
            when is_unused then 0
            when charge_category != 'Usage' or not is_commitment or coalesce(unit_price, 0) = 0 then delivered_cost
            when price_exchange_rate = 1 then {{ approximate_product('contracted_price', 'pricing_quantity') }}
            else
                {{ approximate_product(
                    approximate_product('contracted_price', 'pricing_quantity'), 'price_exchange_rate'
                ) }}
        end as contracted_cost,
        billed_cost,
        effective_cost,
        case when is_commitment then lower(commitment_id) end as commitment_discount_id,
        case when is_commitment then coalesce(benefit_name, reservation_name) end as commitment_discount_name,
        case
            when not is_commitment or commitment_id is null then null
            when pricing_model = 'SavingsPlan' or lower(commitment_id) like '%microsoft.billingbenefits%' then 'Spend'
            else 'Usage'
        end as commitment_discount_category,
        case
            when not is_commitment or commitment_id is null then null
            when pricing_model = 'SavingsPlan' or lower(commitment_id) like '%microsoft.billingbenefits%'
                then 'Savings Plan'
            else 'Reservation'
        end as commitment_discount_type,
        case
            when not is_commitment or commitment_id is null or charge_category != 'Usage' then null
            when is_unused then 'Unused'
            else 'Used'
        end as commitment_discount_status,
        case
            when not is_commitment or commitment_id is null or charge_category != 'Usage' then null
            when pricing_model = 'SavingsPlan' then effective_cost
            else pricing_quantity
        end as commitment_discount_quantity,
        case
            when not is_commitment or commitment_id is null or charge_category != 'Usage' then null
            when pricing_model = 'SavingsPlan' then billing_currency
            else 'Hours'
        end as commitment_discount_unit,
        cast(null as varchar) as capacity_reservation_id,
        cast(null as varchar) as capacity_reservation_status,
        'Microsoft' as service_provider_name,
        'Microsoft' as host_provider_name,
        coalesce(publisher_name, 'Microsoft') as publisher_name,
        coalesce(partner_name, 'Microsoft') as invoice_issuer_name,
        invoice_id,
        lower(replace(resource_location, ' ', '')) as region_id,
        resource_location as region_name,
        availability_zone,
        -- Azure writes the same resource in different cases.
        lower(resource_id) as resource_id,
        {{ last_path_segment('resource_id') }} as resource_name,
        case
            when resource_id is null then null
            else coalesce(nullif(regexp_extract(lower(resource_id), '/providers/([^/]+/[^/]+)', 1), ''), 'resource')
        end as resource_type,
        case when charge_category in ('Usage', 'Purchase') then coalesce(product_id, meter_id, part_number) end
            as sku_id,
        case
            when charge_category in ('Usage', 'Purchase')
                then nullif(concat_ws('/', coalesce(product_id, meter_id), part_number), '')
        end as sku_price_id,
        tags,
        {{ azure_cluster_of('resource_group') }} as delivered_cluster,
        {{ azure_scale_set_of('resource_id') }} as delivered_node_pool,
        case when meter_category = 'Storage' then {{ azure_storage_account_of('resource_id') }} end as bucket,
        meter_category as service_key,
        meter_category as service_label,
        consumed_service as meter_family,
        meter_name as meter_text,
        unit_of_measure as meter_unit,
        additional_info_service_type as instance_type,
        coalesce(pricing_model = 'Spot', false) as is_spot,
        is_consumption,
        cast(null as varchar) as invoice_issuer_legal_name,
        upper(pricing_currency) as pricing_currency,
        case when pricing_currency is not null then list_price end as pricing_currency_list_unit_price,
        case when pricing_currency is not null then contracted_price end as pricing_currency_contracted_unit_price,
        case
            when pricing_currency is null or effective_cost = 0 then null
            when cost_in_pricing_currency is not null then cost_in_pricing_currency
            when price_exchange_rate not in (0, 1)
                then {{ approximate_quotient('effective_cost', 'price_exchange_rate') }}
        end as pricing_currency_effective_cost,
        -- What the mapping writes in another way: other categories, and ids in lower case.
        {{ json_without_nulls({
            'ChargeType': "case when charge_type != charge_category then charge_type end",
            'ResourceId': 'case when resource_id != lower(resource_id) then resource_id end',
            'BenefitId': 'case when is_commitment and commitment_id != lower(commitment_id) then commitment_id end',
        }) }} as raw_values

    from priced_lines

)

select * from mapped
where {{ is_of_months(months_to_map()) }}
