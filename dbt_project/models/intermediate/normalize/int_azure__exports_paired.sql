with

export_totals as (

    select * from {{ ref('int_azure__export_totals') }}

),

deliveries as (

    select * from {{ ref('stg_deliveries') }}
    where table_name = 'azure_cost_details'

),

delivered_exports as (

    select
        source_name,
        billing_period,
        bool_or(variant = 'ActualCost') as has_actual,
        bool_or(variant = 'AmortizedCost') as has_amortized,
        max(case when variant = 'ActualCost' then submitted_at end) as actual_submitted_at,
        max(case when variant = 'AmortizedCost' then submitted_at end) as amortized_submitted_at

    from deliveries
    group by source_name, billing_period

),

on_demand_costs as (

    select
        source_name,
        billing_period,
        billing_currency,
        sum(actual_on_demand_cost) as actual_on_demand_cost,
        sum(amortized_on_demand_cost) as amortized_on_demand_cost
    from export_totals
    group by source_name, billing_period, billing_currency

),

compared as (

    select
        delivered_exports.source_name,
        delivered_exports.billing_period,
        on_demand_costs.billing_currency,
        delivered_exports.has_actual,
        delivered_exports.has_amortized,
        delivered_exports.actual_submitted_at,
        delivered_exports.amortized_submitted_at,
        coalesce(on_demand_costs.actual_on_demand_cost, 0) as actual_on_demand_cost,
        coalesce(on_demand_costs.amortized_on_demand_cost, 0) as amortized_on_demand_cost,
        delivered_exports.has_actual and delivered_exports.has_amortized as has_both,
        -- One currency that differs makes the period no pair in all of them: the rows of a run belong together.
        bool_and(
            coalesce(on_demand_costs.actual_on_demand_cost, 0) = coalesce(on_demand_costs.amortized_on_demand_cost, 0)
        ) over (partition by delivered_exports.source_name, delivered_exports.billing_period) as is_equal

    from delivered_exports
    left join on_demand_costs
        on
            delivered_exports.source_name = on_demand_costs.source_name
            and delivered_exports.billing_period = on_demand_costs.billing_period

),

paired as (

    select
        source_name,
        billing_period,
        billing_currency,
        case
            when not has_amortized then 'ActualCost'
            when not has_actual or is_equal then 'AmortizedCost'
            when coalesce(amortized_submitted_at >= actual_submitted_at, true) then 'AmortizedCost'
            else 'ActualCost'
        end as on_demand_export,
        actual_on_demand_cost,
        amortized_on_demand_cost,
        case when has_both then amortized_on_demand_cost - actual_on_demand_cost else 0 end as pairing_difference,
        has_actual,
        has_amortized,
        has_both and is_equal as is_pair,
        has_both and not is_equal as is_unequal_pair

    from compared

)

select * from paired
