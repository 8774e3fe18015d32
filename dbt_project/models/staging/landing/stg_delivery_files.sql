with

ledger as (

    select * from {{ landed(source('raw', 'deliveries')) }}

),

-- Numbered in the manifest's order: the number is part of every charge's id, shorter than a file's name.
live_files as (

    select
        ledger.source_name,
        ledger.table_name,
        ledger.provider,
        ledger.variant,
        ledger.billing_period,
        ledger.delivery_id,
        numbered.file_number,
        ledger.files[numbered.file_number].name as file_name,
        ledger.files[numbered.file_number].rows as row_count

    from ledger
    cross join unnest(range(1, len(ledger.files) + 1)) as numbered (file_number)
    where ledger.status = 'live'

)

select * from live_files
