with

ledger as (

    select * from {{ landed(source('raw', 'deliveries')) }}

),

-- superseded and removed deliveries too, and those without money (usage feeds)
entries as (

    select
        ledger.source_name,
        ledger.table_name,
        ledger.provider,
        ledger.dataset,
        ledger.variant,
        ledger.billing_period,
        ledger.delivery_id,
        ledger.previous_delivery_id,
        ledger.identity,
        ledger.manifest,
        ledger.status,
        case
            when totals.total.cost_basis is not null then coalesce(totals.total.billing_currency, 'XXX')
        end as billing_currency,
        totals.total.cost_basis,
        ledger.rows as row_count,
        totals.total.raw_cost,
        totals.total.beyond_scale,
        ledger.submitted_at,
        ledger.seen_at

    from ledger
    left join unnest(ledger.totals) as totals (total)
        on true

)

select * from entries
