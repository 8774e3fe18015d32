with reconciled as (

    select
        *,
        cast(billing_period || '-01' as date) as period_start_date
    from {{ ref('int_costs_reconciled_with_deliveries') }}

)

select
    reconciled.source_name,
    reconciled.billing_period,
    reconciled.billing_currency,
    -- invoices are not read yet: these columns hold the place that the contract names
    cast(null as string) as invoice_id,
    reconciled.cost_basis,
    reconciled.explained_by,
    reconciled.raw_cost,
    reconciled.rounding_difference,
    cast(reconciled.normalized_cost as {{ money_type() }}) as normalized_cost,
    cast(reconciled.allocated_cost as {{ money_type() }}) as allocated_cost,
    cast(null as {{ money_type() }}) as invoice_cost,
    cast(reconciled.raw_to_normalized_difference as {{ money_type() }}) as raw_to_normalized_difference,
    cast(reconciled.pairing_difference as {{ money_type() }}) as pairing_difference,
    cast(reconciled.amortization_difference as {{ money_type() }}) as amortization_difference,
    cast(reconciled.normalized_to_allocated_difference as {{ money_type() }}) as normalized_to_allocated_difference,
    cast(null as {{ money_type() }}) as invoice_difference,
    {{ reporting_columns('reconciled', ['raw_cost', 'normalized_cost', 'allocated_cost'], 'period_start_date') }}
from reconciled
cross join {{ reporting_settings() }} as settings
