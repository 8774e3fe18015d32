{#- A view: what lines have of their own, what is said of many, and tags are tables, so that no wide row is written or
    read for more than is asked for. -#}
with

charge_lines as (

    select * from {{ ref('int_aws__charge_lines') }}

),

descriptions as (

    select * from {{ ref('int_aws__charge_descriptions') }}

),

tag_sets as (

    select * from {{ ref('int_aws__tag_sets') }}

),

negation_residuals as (

    select * from {{ ref('int_aws__negation_residuals') }}

),

line_charges as (

    select
        descriptions.source_name,
        descriptions.provider,
        descriptions.delivery_id,
        charge_lines.landed_file,
        charge_lines.landed_row,
        case when charge_lines.part = 'unused' then 'unused' end as charge_part,
        descriptions.billing_account_id,
        descriptions.billing_account_name,
        descriptions.billing_account_type,
        charge_lines.sub_account_id,
        case when charge_lines.sub_account_id is not null then charge_lines.sub_account_name end as sub_account_name,
        case when charge_lines.sub_account_id is not null then 'Account' end as sub_account_type,
        descriptions.billing_currency,
        descriptions.billing_period,
        descriptions.billing_period_start,
        descriptions.billing_period_end,
        charge_lines.charge_period_start,
        charge_lines.charge_period_end,
        descriptions.charge_category,
        -- Only what corrects an earlier, invoiced period is a correction.
        case
            when
                descriptions.is_refund
                and charge_lines.charge_period_start < {{ period_start('descriptions.billing_period') }}
                then 'Correction'
        end as charge_class,
        descriptions.charge_description,
        descriptions.charge_frequency,
        descriptions.charge_origin,
        descriptions.pricing_category,
        case
            when descriptions.charge_category not in ('Usage', 'Purchase') then null
            when descriptions.is_metered then coalesce(charge_lines.usage_amount, 0)
            when charge_lines.invoiced_cost < 0 then -1
            else 1
        end as pricing_quantity,
        cast(null as {{ money_type() }}) as consumed_quantity,
        cast(null as varchar) as consumed_meter_unit,
        cast(null as {{ money_type() }}) as stored_byte_hours,
        case
            when descriptions.charge_category not in ('Usage', 'Purchase') then null
            when charge_lines.part = 'unused' or descriptions.is_discount then 0
            when descriptions.is_metered then descriptions.list_rate
            else abs(charge_lines.invoiced_cost)
        end as list_unit_price,
        case
            when descriptions.charge_category not in ('Usage', 'Purchase') then null
            when charge_lines.part = 'unused' then 0
            when descriptions.is_metered then descriptions.contracted_rate
            else abs(charge_lines.invoiced_cost)
        end as contracted_unit_price,
        case
            when charge_lines.part = 'unused' or descriptions.is_discount then 0
            when descriptions.is_metered then coalesce(charge_lines.on_demand_cost, charge_lines.invoiced_cost)
            else charge_lines.invoiced_cost
        end as list_cost,
        case
            when charge_lines.part = 'unused' then 0
            when descriptions.is_covered then coalesce(charge_lines.on_demand_cost, charge_lines.invoiced_cost)
            else charge_lines.invoiced_cost
        end as contracted_cost,
        case when descriptions.is_billed then charge_lines.invoiced_cost else 0 end as billed_cost,
        case descriptions.effective_cost_is
            when 'invoiced_cost' then charge_lines.invoiced_cost
            when 'commitment_cost' then coalesce(charge_lines.commitment_cost, 0)
            else 0
        end as effective_cost,
        descriptions.commitment_discount_id,
        cast(null as varchar) as commitment_discount_name,
        descriptions.commitment_discount_category,
        descriptions.commitment_discount_type,
        descriptions.commitment_discount_status,
        case descriptions.commitment_quantity_is
            when 'commitment_cost' then coalesce(charge_lines.commitment_cost, 0)
            when 'commitment_quantity' then charge_lines.commitment_quantity
            when 'usage_amount' then charge_lines.usage_amount
        end as commitment_discount_quantity,
        descriptions.commitment_discount_unit,
        cast(null as varchar) as capacity_reservation_id,
        cast(null as varchar) as capacity_reservation_status,
        'AWS' as service_provider_name,
        'AWS' as host_provider_name,
        descriptions.publisher_name,
        'AWS' as invoice_issuer_name,
        descriptions.invoice_id,
        descriptions.region_id,
        descriptions.region_name,
        descriptions.availability_zone,
        charge_lines.resource_id,
        case
            when charge_lines.resource_id like '%/%' then {{ last_path_segment('charge_lines.resource_id') }}
            when charge_lines.resource_id like 'arn:%' then split_part(charge_lines.resource_id, ':', -1)
            else charge_lines.resource_id
        end as resource_name,
        case
            when charge_lines.resource_id is null then null
            when descriptions.is_of_bucket then 'Bucket'
            when charge_lines.resource_id like 'i-%' then 'Instance'
            when charge_lines.resource_id like 'vol-%' then 'Volume'
            when charge_lines.resource_id like 'snap-%' then 'Snapshot'
            when charge_lines.resource_id like 'nat-%' then 'NAT Gateway'
            when charge_lines.resource_id like 'arn:%' then split_part(charge_lines.resource_id, ':', 3)
            else 'Resource'
        end as resource_type,
        descriptions.sku_id,
        descriptions.sku_price_id,
        tag_sets.tags,
        cast(null as varchar) as delivered_cluster,
        cast(null as varchar) as delivered_node_pool,
        case when descriptions.is_of_bucket then {{ aws_bucket_of('charge_lines.resource_id') }} end as bucket,
        descriptions.service_key,
        descriptions.service_label,
        descriptions.meter_family,
        descriptions.meter_text,
        descriptions.meter_unit,
        descriptions.instance_type,
        coalesce(descriptions.pricing_category = 'Dynamic', false) as is_spot,
        descriptions.is_consumption,
        descriptions.invoice_issuer_legal_name,
        cast(null as varchar) as pricing_currency,
        cast(null as {{ money_type() }}) as pricing_currency_list_unit_price,
        cast(null as {{ money_type() }}) as pricing_currency_contracted_unit_price,
        cast(null as {{ money_type() }}) as pricing_currency_effective_cost,
        descriptions.raw_values

    from charge_lines
    inner join descriptions
        on
            charge_lines.description_id = descriptions.description_id
            and charge_lines.part = descriptions.part
    left join tag_sets
        on charge_lines.tags_id = tag_sets.tags_id

),

residual_charges as (

    select
        source_name,
        'aws' as provider,
        delivery_id,
        landed_file,
        landed_row,
        'negation-residual' as charge_part,
        billing_account_id,
        billing_account_name,
        'Payer Account' as billing_account_type,
        sub_account_id,
        case when sub_account_id is not null then sub_account_name end as sub_account_name,
        case when sub_account_id is not null then 'Account' end as sub_account_type,
        billing_currency,
        billing_period,
        billing_period_start,
        billing_period_end,
        charge_period_start,
        charge_period_end,
        'Adjustment' as charge_category,
        'Savings plan covered usage less its negation' as charge_description,
        'One-Time' as charge_frequency,
        'negation residual' as charge_origin,
        invoiced_cost as list_cost,
        invoiced_cost as contracted_cost,
        invoiced_cost as billed_cost,
        cast(0 as {{ money_type() }}) as effective_cost,
        commitment_discount_id,
        case when commitment_discount_id is not null then 'Spend' end as commitment_discount_category,
        case when commitment_discount_id is not null then 'Savings Plan' end as commitment_discount_type,
        'AWS' as service_provider_name,
        'AWS' as host_provider_name,
        'AWS' as publisher_name,
        'AWS' as invoice_issuer_name,
        invoice_id,
        'ComputeSavingsPlans' as service_key,
        false as is_spot,
        false as is_consumption,
        invoice_issuer_legal_name

    from negation_residuals

),

mapped as (

    select
        * replace (
            case when commitment_discount_quantity is not null then commitment_discount_unit end
                as commitment_discount_unit
        )
    from line_charges
    union all by name
    select * from residual_charges

)

select * from mapped
