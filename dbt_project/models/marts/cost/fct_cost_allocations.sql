-- The ledger: the final parts of int_allocation_steps, as they are published.
--
-- A view: its readers take few of its columns, and writing all of them a second time costs more than they do.
{{ config(materialized='view') }}

with allocations as (

    select * from {{ ref('int_allocations_unioned') }}

)

select
    {{ allocation_columns('allocations') }},
    {{ reporting_columns(
        'allocations',
        ['allocated_billed_cost', 'allocated_effective_cost', 'allocated_list_cost', 'allocated_contracted_cost'],
        'charge_date',
    ) }},
    allocations.is_idle,
    allocations.idle_type,
    allocations.is_unallocated,
    allocations.unallocated_reason,
    allocations.is_provisional,
    allocations.charge_date
from allocations
cross join {{ reporting_settings() }} as settings
