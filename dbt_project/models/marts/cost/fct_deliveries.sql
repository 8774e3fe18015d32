with deliveries as (

    select
        *,
        cast(billing_period || '-01' as date) as period_start_date
    from {{ ref('int_deliveries_with_totals') }}

)

select
    deliveries.source_name,
    deliveries.table_name,
    deliveries.provider,
    deliveries.dataset,
    deliveries.variant,
    deliveries.billing_period,
    deliveries.delivery_id,
    deliveries.previous_delivery_id,
    deliveries.identity,
    deliveries.manifest,
    deliveries.status,
    deliveries.billing_currency,
    deliveries.cost_basis,
    deliveries.row_count as rows,
    deliveries.previous_row_count as previous_rows,
    deliveries.row_difference,
    cast(deliveries.total_cost as {{ money_type() }}) as total_cost,
    cast(deliveries.previous_total_cost as {{ money_type() }}) as previous_total_cost,
    cast(deliveries.total_cost_difference as {{ money_type() }}) as total_cost_difference,
    cast(deliveries.pairing_difference as {{ money_type() }}) as pairing_difference,
    {{ reporting_columns(
        'deliveries', ['total_cost', 'previous_total_cost', 'total_cost_difference'], 'period_start_date'
    ) }},
    deliveries.submitted_at,
    deliveries.seen_at
from deliveries
cross join {{ reporting_settings() }} as settings
