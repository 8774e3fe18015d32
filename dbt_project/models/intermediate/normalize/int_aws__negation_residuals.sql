{{ config(materialized='table') }}
{#- A table of few rows: covered usage carries 0, so its on-demand cost and its negation must cancel per plan, account
    and period. What does not cancel was invoiced all the same and stays as one charge. Sought first by few columns. -#}
{%- set plan_keys = [
    'source_name', 'delivery_id', 'bill_payer_account_id', 'line_item_usage_account_id', 'line_item_currency_code',
    'billing_period', 'savings_plan_savings_plan_a_r_n',
] -%}
{%- set first_line = "landed_file || '/' || lpad(cast(landed_row as varchar), 12, '0')" -%}

with

line_items as {{ computed_anew() }} (

    select * from {{ ref('stg_aws__cur2_line_items') }}
    union all
    select * from {{ ref('stg_aws__cur1_line_items') }}

),

plan_lines as {{ computed_anew() }} (

    select
        *,
        coalesce({{ net_or_gross('line_item_net_unblended_cost', 'line_item_unblended_cost') }}, 0) as invoiced_cost

    from line_items
    where
        line_item_line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
        and split_line_item_parent_resource_id is null
        and {{ is_of_months(months_to_map()) }}

),

uncancelled_plans as (

    select
        {{ plan_keys | join(',\n        ') }}

    from plan_lines
    group by all
    having sum(invoiced_cost) != 0

),

negation_residuals as (

    select
        source_name,
        delivery_id,
        min_by(landed_file, {{ first_line }}) as landed_file,
        min_by(landed_row, {{ first_line }}) as landed_row,
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
        sum(invoiced_cost) as invoiced_cost,
        savings_plan_savings_plan_a_r_n as commitment_discount_id,
        max(bill_invoicing_entity) as invoice_issuer_legal_name,
        max(bill_invoice_id) as invoice_id

    from plan_lines
    where
        exists (
            select 1
            from uncancelled_plans
            where
                {%- for key in plan_keys %}
                {{ 'and ' if not loop.first }}plan_lines.{{ key }} is not distinct from uncancelled_plans.{{ key }}
                {%- endfor %}
        )
    group by {{ plan_keys | join(', ') }}

)

select * from negation_residuals
