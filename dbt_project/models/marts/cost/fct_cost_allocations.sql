with allocations as (

    select * from {{ ref('int_allocations_unioned') }}

),

-- Azure periods whose two deliveries show different usage are provisional, whatever the month
unequal_periods as (

    select distinct
        source_name,
        billing_period
    from {{ ref('int_azure__exports_paired') }}
    where is_unequal_pair

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
    allocations.billing_period >= {{ open_billing_period() }}
    or unequal_periods.billing_period is not null as is_provisional,
    allocations.charge_date
from allocations
left join unequal_periods
    on
        allocations.source_name = unequal_periods.source_name
        and allocations.billing_period = unequal_periods.billing_period
cross join {{ reporting_settings() }} as settings
