{{ config(materialized='table') }}
{#- A table: what a line has of its own, and the numbers of what it shares with others. Its five amounts are those that
    were delivered; which of them a charge is billed, costs and is counted by, its description says. -#}

with

line_items as {{ computed_anew() }} (

    select * from {{ ref('stg_aws__cur2_line_items') }}
    union all
    select * from {{ ref('stg_aws__cur1_line_items') }}

),

costed_lines as {{ computed_anew() }} (

    select
        *,
        coalesce({{ net_or_gross('line_item_net_unblended_cost', 'line_item_unblended_cost') }}, 0) as invoiced_cost,
        -- A used commitment's part in the line, or what of a fee nothing used.
        coalesce(
            case line_item_line_item_type
                when 'SavingsPlanCoveredUsage'
                    then {{ net_or_gross(
                        'savings_plan_net_savings_plan_effective_cost', 'savings_plan_savings_plan_effective_cost'
                    ) }}
                when 'DiscountedUsage'
                    then {{ net_or_gross('reservation_net_effective_cost', 'reservation_effective_cost') }}
                when 'SavingsPlanRecurringFee'
                    then
                        coalesce(savings_plan_total_commitment_to_date, 0) - coalesce(savings_plan_used_commitment, 0)
                when 'RIFee'
                    then
                        coalesce({{ net_or_gross(
                            'reservation_net_unused_amortized_upfront_fee_for_billing_period',
                            'reservation_unused_amortized_upfront_fee_for_billing_period'
                        ) }}, 0)
                        + coalesce({{ net_or_gross(
                            'reservation_net_unused_recurring_fee', 'reservation_unused_recurring_fee'
                        ) }}, 0)
            end,
            0
        ) as commitment_cost

    from line_items
    where
        -- What a pod had of an instance that is billed whole: usage (int_aws__split_usage), never a second cost.
        split_line_item_parent_resource_id is null
        -- Netted: int_aws__negation_residuals.
        and line_item_line_item_type is distinct from 'SavingsPlanNegation'
        and {{ is_of_months(months_to_map()) }}

),

fee_parts as (

    {{ aws_fee_parts() }}

),

charge_lines as (

    select
        costed_lines.description_id,
        costed_lines.tags_id,
        {{ one_of("coalesce(fee_parts.part, 'line')", ['line', 'purchase', 'unused']) }} as part,
        costed_lines.landed_file,
        costed_lines.landed_row,
        costed_lines.line_item_usage_account_id as sub_account_id,
        costed_lines.line_item_usage_account_name as sub_account_name,
        costed_lines.line_item_usage_start_date as charge_period_start,
        costed_lines.line_item_usage_end_date as charge_period_end,
        costed_lines.line_item_resource_id as resource_id,
        costed_lines.invoiced_cost,
        nullif(costed_lines.pricing_public_on_demand_cost, 0) as on_demand_cost,
        costed_lines.line_item_usage_amount as usage_amount,
        nullif(costed_lines.commitment_cost, 0) as commitment_cost,
        case
            when costed_lines.savings_plan_savings_plan_a_r_n is null and fee_parts.part = 'unused'
                then costed_lines.reservation_unused_quantity
            when costed_lines.savings_plan_savings_plan_a_r_n is not null and fee_parts.part = 'purchase'
                then costed_lines.savings_plan_total_commitment_to_date
            when
                costed_lines.savings_plan_savings_plan_a_r_n is not null
                and costed_lines.line_item_line_item_type = 'DiscountedUsage'
                then coalesce({{ net_or_gross(
                    'costed_lines.savings_plan_net_savings_plan_effective_cost',
                    'costed_lines.savings_plan_savings_plan_effective_cost'
                ) }}, 0)
        end as commitment_quantity

    from costed_lines
    left join fee_parts
        on costed_lines.line_item_line_item_type = fee_parts.line_type
    -- A fee that is used up has no unused part.
    where coalesce(fee_parts.part, 'line') != 'unused' or costed_lines.commitment_cost != 0

)

select * from charge_lines
