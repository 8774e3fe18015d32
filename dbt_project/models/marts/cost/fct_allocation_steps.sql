-- Every hop of the ledger: what went in (the pool, by pool_id), how it was split, and the parts that came out. Final
-- amounts are is_final; fct_cost_allocations holds those alone.
--
-- A view: only publishing reads it.
{{ config(materialized='view') }}

with steps as (

    select * from {{ ref('int_allocation_steps') }}

)

select
    {{ allocation_columns('steps') }},
    steps.is_idle,
    steps.idle_type,
    steps.is_unallocated,
    steps.unallocated_reason,
    steps.is_provisional,
    steps.is_final,
    steps.hop,
    steps.charge_date
from steps
