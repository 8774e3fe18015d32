with

ledger as (

    select * from {{ landed(source('raw', 'deliveries')) }}

),

live_deliveries as (

    select
        source_name,
        table_name,
        provider,
        dataset,
        variant,
        billing_period,
        delivery_id,
        previous_delivery_id,
        identity,
        manifest,
        rows as row_count,
        submitted_at,
        seen_at

    from ledger
    where status = 'live'

)

select * from live_deliveries
