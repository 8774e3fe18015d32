-- Every row of the ledger in exactly one use: the cut by which the marts of unit costs add up to the bill. `activity`
-- is what the machine or meter was for; `cost_use` puts credits, tax, idle and ownerless cost aside first. A call of a
-- managed model is inference whoever made it: its model is known even where its team is not.
{{ config(materialized='view') }}

with allocations as (

    select * from {{ ref('fct_cost_allocations') }}

),

with_activity as (

    select
        *,
        case
            when {{ workload_kind('workload_type') }} = 'inference' or model_id is not null then 'inference'
            when {{ workload_kind('workload_type') }} = 'training' or run_id is not null then 'training'
            when cost_layer = 'storage' then 'storage'
            else 'other'
        end as activity
    from allocations

),

classified as (

    select
        *,
        case
            when charge_category = 'Credit' then 'credits'
            when charge_category = 'Tax' then 'tax'
            when is_idle then 'idle'
            when activity = 'inference' then 'inference'
            when is_unallocated then 'unallocated'
            else activity
        end as cost_use
    from with_activity

)

select * from classified  -- noqa: AM04
