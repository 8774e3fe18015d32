with reconciled as (

    select
        *,
        cast(billing_period || '-01' as date) as period_start_date
    from {{ ref('int_costs_reconciled_with_deliveries') }}

),

-- an invoice is cash: it stands beside the billed cost, and several of a month are one total
invoices as (

    select
        source_name,
        billing_period,
        billing_currency,
        'billed' as cost_basis,
        string_agg(invoice_id, ', ' order by invoice_id) as invoice_id,
        cast(sum(total) as {{ money_type() }}) as invoice_cost
    from {{ landed(source('raw', 'invoices')) }}
    group by
        source_name,
        billing_period,
        billing_currency

)

select
    reconciled.source_name,
    reconciled.billing_period,
    reconciled.billing_currency,
    invoices.invoice_id,
    reconciled.cost_basis,
    reconciled.explained_by,
    reconciled.raw_cost,
    reconciled.rounding_difference,
    cast(reconciled.normalized_cost as {{ money_type() }}) as normalized_cost,
    cast(reconciled.allocated_cost as {{ money_type() }}) as allocated_cost,
    invoices.invoice_cost,
    cast(reconciled.raw_to_normalized_difference as {{ money_type() }}) as raw_to_normalized_difference,
    cast(reconciled.pairing_difference as {{ money_type() }}) as pairing_difference,
    cast(reconciled.amortization_difference as {{ money_type() }}) as amortization_difference,
    cast(reconciled.normalized_to_allocated_difference as {{ money_type() }}) as normalized_to_allocated_difference,
    cast(reconciled.normalized_cost - invoices.invoice_cost as {{ money_type() }}) as invoice_difference,
    {{ reporting_columns('reconciled', ['raw_cost', 'normalized_cost', 'allocated_cost'], 'period_start_date') }}
from reconciled
left join invoices
    on
        reconciled.source_name = invoices.source_name
        and reconciled.billing_period = invoices.billing_period
        and reconciled.billing_currency = invoices.billing_currency
        and reconciled.cost_basis = invoices.cost_basis
cross join {{ reporting_settings() }} as settings
