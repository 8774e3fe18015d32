-- The final amounts of the ledger: a plain SUM is the bill. The hops on the way to them are in int_allocation_steps.
{{ config(materialized='view') }}

with steps as (

    select * from {{ ref('int_allocation_steps') }}

),

final_amounts as (

    select steps.*
    from steps
    where steps.is_final

)

select * from final_amounts -- noqa: AM04
