with

ledger as (

    select * from {{ landed(source('raw', 'deliveries')) }}

),

live_totals as (

    select
        ledger.source_name,
        ledger.table_name,
        ledger.provider,
        ledger.variant,
        ledger.billing_period,
        ledger.delivery_id,
        coalesce(totals.total.billing_currency, 'XXX') as billing_currency,
        totals.total.cost_basis,
        totals.total.raw_cost,
        totals.total.beyond_scale,
        ledger.rows as row_count,
        ledger.submitted_at

    from ledger
    cross join unnest(ledger.totals) as totals (total)
    where ledger.status = 'live'

)

select * from live_totals
