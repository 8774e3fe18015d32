{{ config(materialized='table') }}
{#- A table: what is said of millions of lines is said a few thousand times, and decided here once each, as delivered
    first, because telling delivered columns apart costs half of telling trimmed ones apart. -#}
{%- set tables = {'aws_cur2': false, 'aws_cur1': true} -%}
{%- set columns_of = {} -%}

with
{% for table, is_legacy in tables.items() %}
{%- set rows = landed_to_map(source('raw', table)) %}
{%- do columns_of.update({table: landed_columns(rows)}) %}
{%- set delivered = columns_of[table] %}
{%- set columns = delivered_aws_descriptions(delivered, is_legacy) %}
{{ table }}_lines as (

    select
        *,
        {{ delivered_aws_product_name(delivered, is_legacy) }} as x_product_name

    from {{ rows }}

),

{{ table }}_delivered as (

    select distinct
        {{ columns | join(',\n        ') }}

    from {{ table }}_lines

),
{% endfor %}
-- noqa: disable=LT02
descriptions as (
{% for table, is_legacy in tables.items() %}
{%- set delivered = columns_of[table] %}
    select
        {{ fingerprint(delivered_aws_descriptions(delivered, is_legacy)) }} as description_id,
        x_source_name as source_name,
        x_billing_period as billing_period,
        x_delivery_id as delivery_id,
        {{- staged_aws_line_item_columns(delivered, is_legacy, aws_description_columns()) }}
        x_product_name as product_product_name,
        coalesce(x_is_net, false) as is_net
    from {{ table }}_delivered
    {{ 'union all' if not loop.last }}
{% endfor %}
),
-- noqa: enable=LT02

fee_parts as (

    {{ aws_fee_parts() }}

),

description_parts as (

    select
        descriptions.*,
        coalesce(descriptions.line_item_line_item_type, '') as line_type,
        coalesce(fee_parts.part, 'line') as part,
        {{ net_or_gross('descriptions.line_item_net_unblended_rate', 'descriptions.line_item_unblended_rate') }}
            as invoiced_rate,
        case
            when descriptions.savings_plan_savings_plan_a_r_n is not null then 'Savings Plan'
            when descriptions.reservation_reservation_a_r_n is not null then 'Reserved Instance'
        end as commitment_type,
        coalesce(descriptions.savings_plan_savings_plan_a_r_n, descriptions.reservation_reservation_a_r_n)
            as commitment_id,
        -- Support is a share of the month's cost, a flat rate is for the month: they buy nothing for later.
        coalesce(
            descriptions.line_item_line_item_type = 'FlatRateSubscription'
            or descriptions.line_item_line_item_type = 'Fee'
            and (
                descriptions.line_item_product_code like '%Support%'
                or descriptions.line_item_product_code = 'AWSEnterpriseOnRamp'
            ),
            false
        ) as is_fee_of_its_month,
        -- A seller on the Marketplace has no on-demand price: AWS writes 0 there, beside what the line costs.
        nullif(descriptions.pricing_public_on_demand_rate, 0) as on_demand_rate

    from descriptions
    left join fee_parts
        on descriptions.line_item_line_item_type = fee_parts.line_type
    where {{ is_of_months(months_to_map()) }}

),

categorized as (

    select
        *,
        case
            when part = 'unused' then 'Usage'
            when line_type in (
                'Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage',
                'Discount', 'BundledDiscount', 'EdpDiscount', 'PrivateRateDiscount', 'SppDiscount'
            ) then 'Usage'
            when is_fee_of_its_month then 'Usage'
            when line_type in ('Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee') then 'Purchase'
            when line_type in ('Tax', 'Credit') then line_type
            -- A refund keeps the category of what it gives back
            when line_type = 'Refund' and line_item_tax_type is not null then 'Tax'
            when line_type = 'Refund' and commitment_id is not null then 'Purchase'
            when line_type = 'Refund' then 'Usage'
            else 'Adjustment'
        end as category,
        line_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') as is_metered,
        line_type in ('DiscountedUsage', 'SavingsPlanCoveredUsage') as is_covered,
        line_type in (
            'Discount', 'BundledDiscount', 'EdpDiscount', 'PrivateRateDiscount', 'SppDiscount'
        ) as is_discount

    from description_parts

),

described as (

    select
        description_id,
        {{ one_of('part', ['line', 'purchase', 'unused']) }} as part,
        source_name,
        delivery_id,
        billing_period,
        is_metered,
        is_covered,
        is_discount,
        line_type = 'Refund' as is_refund,
        -- Which of a line's amounts a charge is billed, costs and is counted by.
        part != 'unused' and line_type != 'SavingsPlanCoveredUsage' as is_billed,
        {{ one_of("
            case
                when part = 'unused' or is_covered then 'commitment_cost'
                when line_type in ('SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'RIFee') then 'nothing'
                when line_type = 'Fee' and reservation_reservation_a_r_n is not null then 'nothing'
                -- A commitment given back takes back its purchase, which cost nobody anything either.
                when line_type = 'Refund' and category = 'Purchase' then 'nothing'
                else 'invoiced_cost'
            end
        ", ['commitment_cost', 'nothing', 'invoiced_cost']) }} as effective_cost_is,
        {{ one_of("
            case
                when commitment_type = 'Savings Plan' and (line_type = 'SavingsPlanCoveredUsage' or part = 'unused')
                    then 'commitment_cost'
                when commitment_type = 'Savings Plan' and (is_covered or part = 'purchase') then 'commitment_quantity'
                when commitment_type = 'Reserved Instance' and is_covered then 'usage_amount'
                when commitment_type = 'Reserved Instance' and part = 'unused' then 'commitment_quantity'
            end
        ", ['commitment_cost', 'commitment_quantity', 'usage_amount']) }} as commitment_quantity_is,
        abs(coalesce(on_demand_rate, invoiced_rate)) as list_rate,
        abs(
            case
                when is_covered then coalesce(on_demand_rate, invoiced_rate)
                else coalesce(invoiced_rate, on_demand_rate)
            end
        ) as contracted_rate,
        {{ one_of("'aws'", ['aws']) }} as provider,
        bill_payer_account_id as billing_account_id,
        bill_payer_account_name as billing_account_name,
        {{ one_of("'Payer Account'", ['Payer Account']) }} as billing_account_type,
        line_item_currency_code as billing_currency,
        bill_billing_period_start_date as billing_period_start,
        bill_billing_period_end_date as billing_period_end,
        {{ one_of('category', ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment']) }} as charge_category,
        line_item_line_item_description as charge_description,
        {{ one_of("
            case
                when line_type in ('SavingsPlanRecurringFee', 'RIFee') and part != 'unused' then 'Recurring'
                when is_fee_of_its_month then 'Recurring'
                when category = 'Usage' and line_type != 'Refund' then 'Usage-Based'
                else 'One-Time'
            end
        ", ['One-Time', 'Recurring', 'Usage-Based']) }} as charge_frequency,
        {{ one_of("
            case
                when part = 'unused' then 'unused commitment'
                when part = 'purchase' or line_type = 'SavingsPlanUpfrontFee' then 'commitment purchase'
                when line_type = 'Fee' and reservation_reservation_a_r_n is not null then 'commitment purchase'
                when line_type = 'Refund' then 'refund'
                else 'delivered'
            end
        ", ['delivered', 'commitment purchase', 'unused commitment', 'refund']) }} as charge_origin,
        {{ one_of("
            case
                when category not in ('Usage', 'Purchase') then null
                when is_covered or part = 'unused' then 'Committed'
                when is_metered and (line_item_usage_type like '%SpotUsage%' or pricing_term = 'Spot') then 'Dynamic'
                else 'Standard'
            end
        ", ['Standard', 'Dynamic', 'Committed']) }} as pricing_category,
        commitment_id as commitment_discount_id,
        {{ one_of(
            "case commitment_type when 'Savings Plan' then 'Spend' when 'Reserved Instance' then 'Usage' end",
            ['Spend', 'Usage'],
        ) }} as commitment_discount_category,
        {{ one_of('commitment_type', ['Savings Plan', 'Reserved Instance']) }} as commitment_discount_type,
        {{ one_of("
            case
                when is_covered and commitment_id is not null then 'Used'
                when part = 'unused' and commitment_id is not null then 'Unused'
            end
        ", ['Used', 'Unused']) }} as commitment_discount_status,
        case when commitment_type = 'Savings Plan' then line_item_currency_code else 'Hours' end
            as commitment_discount_unit,
        case
            when bill_billing_entity = 'AWS Marketplace' then coalesce(line_item_legal_entity, 'AWS')
            else 'AWS'
        end as publisher_name,
        bill_invoicing_entity as invoice_issuer_legal_name,
        bill_invoice_id as invoice_id,
        product_region_code as region_id,
        case when product_region_code is not null then coalesce(product_location, product_region_code) end
            as region_name,
        line_item_availability_zone as availability_zone,
        case when category in ('Usage', 'Purchase') then product_sku end as sku_id,
        case when category in ('Usage', 'Purchase') then coalesce(pricing_rate_code, pricing_rate_id) end
            as sku_price_id,
        coalesce(line_item_product_code = 'AmazonS3', false) as is_of_bucket,
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
        is_metered or is_fee_of_its_month as is_consumption,
        -- Kept where FOCUS has no word of its own for the kind of line.
        case
            when (is_discount or line_type = 'Refund' or category = 'Adjustment') and line_type != ''
                then {{ json_without_nulls({'line_item_line_item_type': 'line_type'}) }}
        end as raw_values

    from categorized

)

select * from described
