{%- set plan_keys = [
    'source_name', 'delivery_id', 'bill_payer_account_id', 'line_item_usage_account_id', 'line_item_currency_code',
    'billing_period', 'savings_plan_savings_plan_a_r_n',
] -%}
{%- set charge_origins = ['delivered', 'commitment purchase', 'unused commitment', 'negation residual', 'refund'] -%}
with

line_items as {{ computed_anew() }} (

    select * from {{ ref('stg_aws__cur2_line_items') }}
    union all
    select * from {{ ref('stg_aws__cur1_line_items') }}

),

-- Net or gross is decided once a delivery (is_net): choosing per row would count private discounts twice.
costed_lines as {{ computed_anew() }} (

    select
        *,
        coalesce(line_item_line_item_type, '') as line_type,
        coalesce(
            case when is_net then line_item_net_unblended_cost else line_item_unblended_cost end, 0
        ) as invoiced_cost,
        case when is_net then line_item_net_unblended_rate else line_item_unblended_rate end as invoiced_rate,
        coalesce(
            case
                when is_net then savings_plan_net_savings_plan_effective_cost
                else savings_plan_savings_plan_effective_cost
            end,
            0
        ) as savings_plan_cost,
        coalesce(
            case when is_net then reservation_net_effective_cost else reservation_effective_cost end, 0
        ) as reservation_cost,
        case
            when line_item_line_item_type = 'SavingsPlanRecurringFee'
                then coalesce(savings_plan_total_commitment_to_date, 0) - coalesce(savings_plan_used_commitment, 0)
            when line_item_line_item_type = 'RIFee' and is_net
                then
                    coalesce(reservation_net_unused_amortized_upfront_fee_for_billing_period, 0)
                    + coalesce(reservation_net_unused_recurring_fee, 0)
            when line_item_line_item_type = 'RIFee'
                then
                    coalesce(reservation_unused_amortized_upfront_fee_for_billing_period, 0)
                    + coalesce(reservation_unused_recurring_fee, 0)
            else 0
        end as unused_commitment_cost,
        case
            when savings_plan_savings_plan_a_r_n is not null then 'Savings Plan'
            when reservation_reservation_a_r_n is not null then 'Reserved Instance'
        end as commitment_type,
        coalesce(savings_plan_savings_plan_a_r_n, reservation_reservation_a_r_n) as commitment_id,
        -- Support is billed after the month as a share of its cost: it buys nothing for later.
        coalesce(line_item_line_item_type = 'Fee' and line_item_product_code like 'AWSSupport%', false)
            as is_support_fee

    from line_items
    -- What a pod had of an instance that is billed whole: usage (int_aws__split_usage), never a second cost.
    where split_line_item_parent_resource_id is null

),

-- A recurring fee is two charges: the purchase that was invoiced, and what of it nothing used.
fee_parts as (

    select parts.*
    from (
        values
        ('SavingsPlanRecurringFee', 'purchase'),
        ('SavingsPlanRecurringFee', 'unused'),
        ('RIFee', 'purchase'),
        ('RIFee', 'unused')
    ) as parts (line_type, part)

),

line_parts as (

    select
        costed_lines.*,
        coalesce(fee_parts.part, 'line') as part,
        case
            when fee_parts.part = 'unused' then 'Usage'
            when costed_lines.line_type in (
                'Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage',
                'Discount', 'BundledDiscount', 'EdpDiscount', 'PrivateRateDiscount', 'SppDiscount'
            ) then 'Usage'
            when costed_lines.is_support_fee then 'Usage'
            when costed_lines.line_type in ('Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee')
                then 'Purchase'
            when costed_lines.line_type in ('Tax', 'Credit') then costed_lines.line_type
            -- A refund keeps the category of what it gives back
            when costed_lines.line_type = 'Refund' and costed_lines.line_item_tax_type is not null then 'Tax'
            when costed_lines.line_type = 'Refund' and costed_lines.commitment_id is not null then 'Purchase'
            when costed_lines.line_type = 'Refund' then 'Usage'
            else 'Adjustment'
        end as charge_category,
        fee_parts.part is null
        and costed_lines.line_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') as is_consumption,
        costed_lines.line_type in ('DiscountedUsage', 'SavingsPlanCoveredUsage')
        and fee_parts.part is null as is_covered,
        costed_lines.line_type in (
            'Discount', 'BundledDiscount', 'EdpDiscount', 'PrivateRateDiscount', 'SppDiscount'
        ) as is_discount

    from costed_lines
    left join fee_parts
        on costed_lines.line_type = fee_parts.line_type
    -- Negations are netted below; a fee that is used up has no unused part.
    where
        costed_lines.line_type != 'SavingsPlanNegation'
        and (coalesce(fee_parts.part, 'line') != 'unused' or costed_lines.unused_commitment_cost != 0)

),

costed_parts as (

    select
        *,
        case
            when part = 'unused' or line_type = 'SavingsPlanCoveredUsage' then 0
            else invoiced_cost
        end as billed_cost,
        case
            when part = 'unused' then unused_commitment_cost
            when line_type = 'SavingsPlanCoveredUsage' then savings_plan_cost
            when line_type = 'DiscountedUsage' then reservation_cost
            when line_type in ('SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'RIFee') then 0
            when line_type = 'Fee' and reservation_reservation_a_r_n is not null then 0
            -- A commitment given back takes back its purchase, which cost nobody anything either.
            when line_type = 'Refund' and charge_category = 'Purchase' then 0
            else invoiced_cost
        end as effective_cost,
        case
            when part = 'unused' or is_discount then 0
            when is_consumption then coalesce(pricing_public_on_demand_cost, invoiced_cost)
            else invoiced_cost
        end as list_cost,
        case
            when part = 'unused' then 0
            when is_covered then coalesce(pricing_public_on_demand_cost, invoiced_cost)
            else invoiced_cost
        end as contracted_cost,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when is_consumption then coalesce(line_item_usage_amount, 0)
            when invoiced_cost < 0 then -1
            else 1
        end as pricing_quantity,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when part = 'unused' or is_discount then 0
            when is_consumption then abs(coalesce(pricing_public_on_demand_rate, invoiced_rate))
            else abs(invoiced_cost)
        end as list_unit_price,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when part = 'unused' then 0
            when is_covered then abs(coalesce(pricing_public_on_demand_rate, invoiced_rate))
            when is_consumption then abs(coalesce(invoiced_rate, pricing_public_on_demand_rate))
            else abs(invoiced_cost)
        end as contracted_unit_price

    from line_parts

),

line_charges as (

    select
        source_name,
        delivery_id,
        landed_file,
        landed_row,
        case when part = 'unused' then 'unused' end as charge_part,
        bill_payer_account_id as billing_account_id,
        bill_payer_account_name as billing_account_name,
        line_item_usage_account_id as sub_account_id,
        line_item_usage_account_name as sub_account_name,
        line_item_currency_code as billing_currency,
        billing_period,
        bill_billing_period_start_date as billing_period_start,
        bill_billing_period_end_date as billing_period_end,
        line_item_usage_start_date as charge_period_start,
        line_item_usage_end_date as charge_period_end,
        charge_category,
        -- Only what corrects an earlier, invoiced period is a correction.
        case
            when line_type = 'Refund' and line_item_usage_start_date < {{ period_start('billing_period') }}
                then 'Correction'
        end as charge_class,
        line_item_line_item_description as charge_description,
        case
            when line_type in ('SavingsPlanRecurringFee', 'RIFee') and part != 'unused' then 'Recurring'
            when is_support_fee then 'Recurring'
            when charge_category = 'Usage' and line_type != 'Refund' then 'Usage-Based'
            else 'One-Time'
        end as charge_frequency,
        case
            when part = 'unused' then 'unused commitment'
            when part = 'purchase' or line_type = 'SavingsPlanUpfrontFee' then 'commitment purchase'
            when line_type = 'Fee' and reservation_reservation_a_r_n is not null then 'commitment purchase'
            when line_type = 'Refund' then 'refund'
            else 'delivered'
        end as charge_origin,
        case
            when charge_category not in ('Usage', 'Purchase') then null
            when is_covered or part = 'unused' then 'Committed'
            when is_consumption and (line_item_usage_type like '%SpotUsage%' or pricing_term = 'Spot') then 'Dynamic'
            else 'Standard'
        end as pricing_category,
        pricing_quantity,
        list_unit_price,
        contracted_unit_price,
        list_cost,
        contracted_cost,
        billed_cost,
        effective_cost,
        commitment_id as commitment_discount_id,
        commitment_type as commitment_discount_type,
        case
            when is_covered and commitment_id is not null then 'Used'
            when part = 'unused' and commitment_id is not null then 'Unused'
        end as commitment_discount_status,
        case
            when commitment_type = 'Savings Plan' and is_covered then savings_plan_cost
            when commitment_type = 'Savings Plan' and part = 'purchase' then savings_plan_total_commitment_to_date
            when commitment_type = 'Savings Plan' and part = 'unused' then unused_commitment_cost
            when commitment_type = 'Reserved Instance' and is_covered then line_item_usage_amount
            when commitment_type = 'Reserved Instance' and part = 'unused' then reservation_unused_quantity
        end as commitment_discount_quantity,
        case
            when bill_billing_entity = 'AWS Marketplace' then coalesce(line_item_legal_entity, 'AWS')
            else 'AWS'
        end as publisher_name,
        bill_invoicing_entity as invoice_issuer_legal_name,
        bill_invoice_id as invoice_id,
        product_region_code as region_id,
        product_location as region_name,
        line_item_availability_zone as availability_zone,
        line_item_resource_id as resource_id,
        case when charge_category in ('Usage', 'Purchase') then product_sku end as sku_id,
        case
            when charge_category in ('Usage', 'Purchase') then coalesce(pricing_rate_code, pricing_rate_id)
        end as sku_price_id,
        resource_tags as tags,
        case
            when line_item_product_code = 'AmazonS3' then replace(line_item_resource_id, 'arn:aws:s3:::', '')
        end as bucket,
        -- Models of other makers are sold through the Marketplace under codes of their own.
        case
            when product_product_name like '%(Amazon Bedrock Edition)' then 'AmazonBedrockFoundationModels'
            else line_item_product_code
        end as service_key,
        product_product_name as service_label,
        product_product_family as meter_family,
        line_item_usage_type as meter_text,
        -- A Marketplace line says what a unit is in the third field of its description.
        case
            when line_item_usage_type not like 'MP:%' then pricing_unit
            when line_item_line_item_description ilike '%|%|%thousand%' then '1K tokens'
            when line_item_line_item_description ilike '%|%|%million%' then '1M tokens'
            else pricing_unit
        end as meter_unit,
        product_instance_type as instance_type,
        is_consumption or is_support_fee as is_consumption,
        -- Kept where FOCUS has no word of its own for the kind of line.
        case
            when is_discount or line_type = 'Refund' or charge_category = 'Adjustment'
                then nullif(line_type, '')
        end as delivered_line_type

    from costed_parts

),

-- Covered usage carries 0 here, so its on-demand cost and its negation must cancel per plan, account and period.
-- What does not cancel was invoiced all the same and stays as one charge: sought first by few columns.
uncancelled_plans as (

    select
        {{ plan_keys | join(',\n        ') }}

    from costed_lines
    where line_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
    group by all
    having sum(invoiced_cost) != 0

),

negation_residuals as (

    select
        source_name,
        delivery_id,
        min_by(landed_file, landed_file || '/' || lpad(cast(landed_row as varchar), 12, '0')) as landed_file,
        min_by(landed_row, landed_file || '/' || lpad(cast(landed_row as varchar), 12, '0')) as landed_row,
        'negation-residual' as charge_part,
        bill_payer_account_id as billing_account_id,
        max(bill_payer_account_name) as billing_account_name,
        line_item_usage_account_id as sub_account_id,
        max(line_item_usage_account_name) as sub_account_name,
        line_item_currency_code as billing_currency,
        billing_period,
        min(bill_billing_period_start_date) as billing_period_start,
        max(bill_billing_period_end_date) as billing_period_end,
        min(line_item_usage_start_date) as charge_period_start,
        max(line_item_usage_end_date) as charge_period_end,
        'Adjustment' as charge_category,
        cast(null as varchar) as charge_class,
        'Savings plan covered usage less its negation' as charge_description,
        'One-Time' as charge_frequency,
        'negation residual' as charge_origin,
        cast(null as varchar) as pricing_category,
        cast(null as {{ money_type() }}) as pricing_quantity,
        cast(null as {{ money_type() }}) as list_unit_price,
        cast(null as {{ money_type() }}) as contracted_unit_price,
        sum(invoiced_cost) as list_cost,
        sum(invoiced_cost) as contracted_cost,
        sum(invoiced_cost) as billed_cost,
        cast(0 as {{ money_type() }}) as effective_cost,
        savings_plan_savings_plan_a_r_n as commitment_discount_id,
        max(commitment_type) as commitment_discount_type,
        cast(null as varchar) as commitment_discount_status,
        cast(null as {{ money_type() }}) as commitment_discount_quantity,
        'AWS' as publisher_name,
        max(bill_invoicing_entity) as invoice_issuer_legal_name,
        max(bill_invoice_id) as invoice_id,
        cast(null as varchar) as region_id,
        cast(null as varchar) as region_name,
        cast(null as varchar) as availability_zone,
        cast(null as varchar) as resource_id,
        cast(null as varchar) as sku_id,
        cast(null as varchar) as sku_price_id,
        cast(null as map (varchar, varchar)) as tags,
        cast(null as varchar) as bucket,
        'ComputeSavingsPlans' as service_key,
        cast(null as varchar) as service_label,
        cast(null as varchar) as meter_family,
        cast(null as varchar) as meter_text,
        cast(null as varchar) as meter_unit,
        cast(null as varchar) as instance_type,
        false as is_consumption,
        cast(null as varchar) as delivered_line_type

    from costed_lines
    where
        line_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
        and exists (
            select 1
            from uncancelled_plans
            where
                {%- for key in plan_keys %}
                {{ 'and ' if not loop.first }}costed_lines.{{ key }} is not distinct from uncancelled_plans.{{ key }}
                {%- endfor %}
        )
    group by {{ plan_keys | join(', ') }}

),

all_charges as (

    select * from line_charges
    union all
    select * from negation_residuals

),

mapped as (

    select
        source_name,
        {{ one_of("'aws'", ['aws']) }} as provider,
        delivery_id,
        landed_file,
        landed_row,
        charge_part,
        billing_account_id,
        billing_account_name,
        {{ one_of("'Payer Account'", ['Payer Account']) }} as billing_account_type,
        sub_account_id,
        case when sub_account_id is not null then sub_account_name end as sub_account_name,
        {{ one_of("case when sub_account_id is not null then 'Account' end", ['Account']) }} as sub_account_type,
        billing_currency,
        billing_period,
        billing_period_start,
        billing_period_end,
        charge_period_start,
        charge_period_end,
        {{ one_of('charge_category', ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment']) }} as charge_category,
        {{ one_of('charge_class', ['Correction']) }} as charge_class,
        charge_description,
        {{ one_of('charge_frequency', ['One-Time', 'Recurring', 'Usage-Based']) }} as charge_frequency,
        {{ one_of('charge_origin', charge_origins) }} as charge_origin,
        {{ one_of('pricing_category', ['Standard', 'Dynamic', 'Committed']) }} as pricing_category,
        pricing_quantity,
        cast(null as {{ money_type() }}) as consumed_quantity,
        cast(null as varchar) as consumed_meter_unit,
        cast(null as {{ money_type() }}) as stored_byte_hours,
        list_unit_price,
        contracted_unit_price,
        list_cost,
        contracted_cost,
        billed_cost,
        effective_cost,
        commitment_discount_id,
        cast(null as varchar) as commitment_discount_name,
        {{ one_of(
            "case commitment_discount_type when 'Savings Plan' then 'Spend' when 'Reserved Instance' then 'Usage' end",
            ['Spend', 'Usage'],
        ) }} as commitment_discount_category,
        {{ one_of('commitment_discount_type', ['Savings Plan', 'Reserved Instance']) }} as commitment_discount_type,
        {{ one_of('commitment_discount_status', ['Used', 'Unused']) }} as commitment_discount_status,
        commitment_discount_quantity,
        case
            when commitment_discount_quantity is null then null
            when commitment_discount_type = 'Savings Plan' then billing_currency
            else 'Hours'
        end as commitment_discount_unit,
        cast(null as varchar) as capacity_reservation_id,
        cast(null as varchar) as capacity_reservation_status,
        {{ one_of("'AWS'", ['AWS']) }} as service_provider_name,
        {{ one_of("'AWS'", ['AWS']) }} as host_provider_name,
        publisher_name,
        {{ one_of("'AWS'", ['AWS']) }} as invoice_issuer_name,
        invoice_id,
        region_id,
        case when region_id is not null then coalesce(region_name, region_id) end as region_name,
        availability_zone,
        resource_id,
        case
            when resource_id like '%/%' then {{ last_path_segment('resource_id') }}
            when resource_id like 'arn:%' then split_part(resource_id, ':', -1)
            else resource_id
        end as resource_name,
        case
            when resource_id is null then null
            when bucket is not null then 'Bucket'
            when resource_id like 'i-%' then 'Instance'
            when resource_id like 'vol-%' then 'Volume'
            when resource_id like 'snap-%' then 'Snapshot'
            when resource_id like 'nat-%' then 'NAT Gateway'
            when resource_id like 'arn:%' then split_part(resource_id, ':', 3)
            else 'Resource'
        end as resource_type,
        sku_id,
        sku_price_id,
        tags,
        cast(null as varchar) as delivered_cluster,
        cast(null as varchar) as delivered_node_pool,
        bucket,
        service_key,
        service_label,
        meter_family,
        meter_text,
        meter_unit,
        instance_type,
        coalesce(pricing_category = 'Dynamic', false) as is_spot,
        is_consumption,
        invoice_issuer_legal_name,
        cast(null as varchar) as pricing_currency,
        cast(null as {{ money_type() }}) as pricing_currency_list_unit_price,
        cast(null as {{ money_type() }}) as pricing_currency_contracted_unit_price,
        cast(null as {{ money_type() }}) as pricing_currency_effective_cost,
        case
            when delivered_line_type is not null
                then {{ json_without_nulls({'line_item_line_item_type': 'delivered_line_type'}) }}
        end as raw_values

    from all_charges

)

select * from mapped
