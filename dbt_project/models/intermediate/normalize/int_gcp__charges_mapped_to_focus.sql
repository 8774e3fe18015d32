{{ config(materialized='table') }}
{%- set own_credit_types = own_gcp_credit_types() -%}
{%- set commitment_credit_types = ['COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE'] -%}

-- Fields of a record are read with a dot, which the linter takes for a table's columns.
-- noqa: disable=RF03
with

billing_rows as (

    select * from {{ ref('stg_gcp__detailed_rows') }}
    union all
    select * from {{ ref('stg_gcp__standard_rows') }}

),

commitment_parts as (

    select * from {{ ref('int_gcp__commitment_parts') }}

),

rows_with_credits as (

    select
        billing_rows.*,
        coalesce(billing_rows.cost, 0) as gross_cost,
        coalesce(billing_rows.cost, 0)
        + {{ sum_of_credits('billing_rows.credits', own_credit_types, are_listed=false) }} as net_cost,
        {{ first_credit('billing_rows.credits', commitment_credit_types) }} as commitment_credit,
        -- A correction is one only of a month that was invoiced before.
        case
            when
                billing_rows.adjustment_type is not null
                and billing_rows.usage_start_time < {{ pacific_to_utc(period_start('billing_rows.billing_period')) }}
                then 'Correction'
        end as charge_class,
        commitment_parts.charge_part,
        commitment_parts.billed_cost as part_billed_cost,
        commitment_parts.effective_cost as part_effective_cost,
        coalesce(commitment_parts.is_fee, false) as is_commitment_fee

    from billing_rows
    left join commitment_parts
        on
            billing_rows.source_name = commitment_parts.source_name
            and billing_rows.delivery_id = commitment_parts.delivery_id
            and billing_rows.landed_file = commitment_parts.landed_file
            and billing_rows.landed_row = commitment_parts.landed_row

),

row_charges as (

    select
        *,
        case
            when charge_part = 'offset-residual' then 'Adjustment'
            when charge_part = 'unused' then 'Usage'
            when cost_type = 'regular' and is_commitment_fee then 'Purchase'
            when cost_type = 'regular' then 'Usage'
            when cost_type = 'tax' then 'Tax'
            else 'Adjustment'
        end as charge_category,
        case charge_part
            when 'offset-residual' then 'Committed usage at its lower price less the offset of its fee'
            else coalesce(adjustment_description, sku_description)
        end as charge_description,
        case
            when charge_part = 'unused' then 'unused commitment'
            when charge_part = 'offset-residual' then 'negation residual'
            when is_commitment_fee then 'commitment purchase'
            else 'delivered'
        end as charge_origin,
        coalesce(part_billed_cost, net_cost) as billed_cost,
        -- Google does not amortize: what a commitment's fee costs its users is worked out beside, all else costs what
        -- is billed.
        coalesce(part_effective_cost, net_cost) as effective_cost,
        case
            when charge_part is null then coalesce(cost_at_list, gross_cost)
            when charge_part = 'unused' then 0
            else part_billed_cost
        end as list_cost,
        case
            -- what usage at a commitment's price had cost without it
            when charge_part is null and part_effective_cost is not null
                then coalesce(cost_at_effective_price_default, gross_cost)
            when charge_part is null then gross_cost
            when charge_part = 'unused' then 0
            else part_billed_cost
        end as contracted_cost

    from rows_with_credits

),

-- Unnested in the select list: joined to its own list, each row would be looked up by all its columns.
credit_places as (

    select
        *,
        unnest(range(1, len(credits) + 1)) as place

    from rows_with_credits
    where len(credits) > 0 and charge_part is null

),

credit_entries as (

    select
        *,
        credits[place] as credit

    from credit_places

),

credit_charges as (

    select
        * exclude (place, credit) replace ('credit-' || place as charge_part),
        'Credit' as charge_category,
        credit.credit_name as charge_description,
        'credit' as charge_origin,
        credit.amount as billed_cost,
        credit.amount as effective_cost,
        credit.amount as list_cost,
        credit.amount as contracted_cost

    from credit_entries
    where
        credit.credit_type in {{ text_list(own_credit_types) }}
        and credit.amount != 0

),

all_charges as (

    select * from row_charges
    union all
    select * from credit_charges

),

described_charges as (

    select
        *,
        charge_category = 'Usage' as is_usage,
        charge_category in ('Usage', 'Purchase') as is_priced,
        coalesce(charge_part = 'unused', false) as is_unused,
        -- `Spot Preemptible A2 Instance Core ...`, and `Nvidia L4 GPU attached to Spot Preemptible VMs ...`
        coalesce(sku_description ilike '%preemptible%', false) as is_spot,
        coalesce(
            is_commitment_fee or commitment_credit is not null or subscription_instance_id is not null
            or part_effective_cost is not null,
            false
        ) as is_committed,
        -- Told as GiB-hours: byte-seconds are numbers nobody reads.
        coalesce(usage_unit in ('byte-seconds', 'byte second'), false) as is_stored_bytes,
        coalesce(price_pricing_unit_quantity, 1) as price_block,
        case
            when part_effective_cost is not null then coalesce(price_effective_price_default, price_effective_price)
            else price_effective_price
        end as contracted_price,
        coalesce(
            subscription_instance_id,
            commitment_credit.credit_id,
            commitment_credit.credit_name,
            case when {{ is_gcp_committed_price('consumption_model') }} then consumption_model end,
            case when is_commitment_fee then sku_description end
        ) as commitment_id,
        coalesce(resource_global_name, resource_name) as resource_id,
        {{ last_path_segment('coalesce(resource_name, resource_global_name)') }} as resource_label

    from all_charges

),

mapped as (

    select
        source_name,
        'gcp' as provider,
        delivery_id,
        landed_file,
        landed_row,
        charge_part,
        billing_account_id,
        cast(null as varchar) as billing_account_name,
        'Billing Account' as billing_account_type,
        project_id as sub_account_id,
        case when project_id is not null then project_name end as sub_account_name,
        case when project_id is not null then 'Project' end as sub_account_type,
        currency as billing_currency,
        billing_period,
        {{ pacific_to_utc(period_start('billing_period')) }} as billing_period_start,
        {{ pacific_to_utc(period_end('billing_period')) }} as billing_period_end,
        usage_start_time as charge_period_start,
        usage_end_time as charge_period_end,
        charge_category,
        charge_class,
        charge_description,
        case
            when charge_category = 'Purchase' then 'Recurring'
            when is_usage then 'Usage-Based'
            else 'One-Time'
        end as charge_frequency,
        charge_origin,
        case
            when not is_priced then null
            when is_committed and is_usage then 'Committed'
            when is_spot then 'Dynamic'
            else 'Standard'
        end as pricing_category,
        case
            when is_unused then 0
            when is_priced then coalesce(usage_amount_in_pricing_units, 0)
        end as pricing_quantity,
        case
            when not is_usage or is_unused then null
            when is_stored_bytes then {{ approximate_quotient('usage_amount', '3865470566400') }}
            else {{ money('usage_amount') }}
        end as consumed_quantity,
        case
            when not is_usage or is_unused or usage_amount is null then null
            when is_stored_bytes then 'gibibyte hour'
            else usage_unit
        end as consumed_meter_unit,
        case
            when is_usage and not is_unused and is_stored_bytes then {{ approximate_quotient('usage_amount', '3600') }}
        end as stored_byte_hours,
        case
            when not is_priced then null
            when is_unused then 0
            when price_block in (0, 1) then abs(coalesce(price_list_price, price_effective_price))
            else abs({{ approximate_quotient('coalesce(price_list_price, price_effective_price)', 'price_block') }})
        end as list_unit_price,
        case
            when not is_priced then null
            when is_unused then 0
            when price_block in (0, 1) then abs(contracted_price)
            else abs({{ approximate_quotient('contracted_price', 'price_block') }})
        end as contracted_unit_price,
        list_cost,
        contracted_cost,
        billed_cost,
        effective_cost,
        case when is_priced and is_committed then commitment_id end as commitment_discount_id,
        case when is_usage and is_committed then commitment_credit.credit_name end as commitment_discount_name,
        case
            when not is_priced or commitment_id is null or not is_committed then null
            when
                commitment_credit.credit_type = 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE'
                or {{ is_gcp_committed_price('consumption_model') }}
                or (is_commitment_fee and {{ is_gcp_spend_commitment_fee('sku_description') }})
                then 'Spend'
            else 'Usage'
        end as commitment_discount_category,
        case when is_priced and is_committed and commitment_id is not null then 'Committed Use Discount' end
            as commitment_discount_type,
        case
            when not is_usage or not is_committed or commitment_id is null then null
            when is_unused then 'Unused'
            else 'Used'
        end as commitment_discount_status,
        cast(null as {{ money_type() }}) as commitment_discount_quantity,
        cast(null as varchar) as commitment_discount_unit,
        case when is_usage then tags['compute.googleapis.com/reservation_name'] end as capacity_reservation_id,
        case
            when not is_usage or tags['compute.googleapis.com/reservation_name'] is null then null
            when lower(tags['compute.googleapis.com/is_unused_reservation']) = 'true' then 'Unused'
            else 'Used'
        end as capacity_reservation_status,
        'Google Cloud' as service_provider_name,
        'Google Cloud' as host_provider_name,
        coalesce(seller_name, 'Google Cloud') as publisher_name,
        'Google Cloud' as invoice_issuer_name,
        -- The export has no invoice number; account and invoice month name the invoice.
        case when invoice_month is not null then billing_account_id || '-' || invoice_month end as invoice_id,
        location_region as region_id,
        location_region as region_name,
        location_zone as availability_zone,
        resource_id,
        resource_label as resource_name,
        case
            when resource_id is null then null
            when service_description = 'Cloud Storage' then 'Bucket'
            when resource_id like '%/instances/%' then 'Instance'
            when resource_id like '%/disks/%' then 'Disk'
            else 'Resource'
        end as resource_type,
        case when charge_category not in ('Tax', 'Credit') then sku_id end as sku_id,
        case
            when charge_category not in ('Tax', 'Credit')
                then concat_ws('/', billing_account_id, sku_id, cast(price_tier_start_amount as varchar))
        end as sku_price_id,
        tags,
        tags['goog-k8s-cluster-name'] as delivered_cluster,
        tags['goog-k8s-node-pool-name'] as delivered_node_pool,
        case when service_description = 'Cloud Storage' then resource_label end as bucket,
        {{ vertex_service_key('service_description') }} as service_key,
        service_description as service_label,
        cast(null as varchar) as meter_family,
        trim(sku_description) as meter_text,
        usage_pricing_unit as meter_unit,
        tags['compute.googleapis.com/machine_spec'] as instance_type,
        is_spot,
        is_usage and not is_unused as is_consumption,
        -- Google bills in the currency of its prices, and its export names no legal entity.
        cast(null as varchar) as invoice_issuer_legal_name,
        cast(null as varchar) as pricing_currency,
        cast(null as {{ money_type() }}) as pricing_currency_list_unit_price,
        cast(null as {{ money_type() }}) as pricing_currency_contracted_unit_price,
        cast(null as {{ money_type() }}) as pricing_currency_effective_cost,
        case
            when charge_category = 'Adjustment' and charge_origin = 'delivered' or adjustment_type is not null
                then {{ json_without_nulls({'cost_type': 'cost_type', 'adjustment_info.type': 'adjustment_type'}) }}
        end as raw_values

    from described_charges

)

select * from mapped
where {{ is_of_months(months_to_map()) }}
