-- Every delivery ever seen with its raw total and that of the delivery it replaced. Usage feeds carry no money.
with entries as (

    select * from {{ ref('stg_ledger_entries') }}

),

exports_paired as (

    select * from {{ ref('int_azure__exports_paired') }}

),

-- a delivery's total is the cost it bills; an amortized delivery has only its effective cost
entries_on_one_basis as (

    select *
    from entries
    where
        coalesce(cost_basis, 'none') = 'none'
        or cost_basis = case when variant = 'AmortizedCost' then 'effective' else 'billed' end

),

-- what came before it, in rows: one count a delivery, whatever its currencies
previous_deliveries as (

    select distinct
        table_name,
        source_name,
        delivery_id,
        row_count
    from entries

),

previous_totals as (

    select
        table_name,
        source_name,
        delivery_id,
        billing_currency,
        cost_basis,
        sum(raw_cost) as total_cost
    from entries_on_one_basis
    group by
        table_name,
        source_name,
        delivery_id,
        billing_currency,
        cost_basis

)

select
    entries_on_one_basis.source_name,
    entries_on_one_basis.table_name,
    entries_on_one_basis.provider,
    entries_on_one_basis.dataset,
    entries_on_one_basis.variant,
    entries_on_one_basis.billing_period,
    entries_on_one_basis.delivery_id,
    entries_on_one_basis.previous_delivery_id,
    entries_on_one_basis.identity,
    entries_on_one_basis.manifest,
    entries_on_one_basis.status,
    entries_on_one_basis.billing_currency,
    entries_on_one_basis.cost_basis,
    entries_on_one_basis.row_count,
    entries_on_one_basis.raw_cost as total_cost,
    case
        when entries_on_one_basis.provider = 'azure' and entries_on_one_basis.status = 'live'
            then exports_paired.pairing_difference
    end as pairing_difference,
    previous_totals.total_cost as previous_total_cost,
    -- a currency the delivery before did not have began at nothing; a first delivery changed nothing
    case
        when previous_deliveries.row_count is not null
            then entries_on_one_basis.raw_cost - coalesce(previous_totals.total_cost, 0)
    end as total_cost_difference,
    previous_deliveries.row_count as previous_row_count,
    entries_on_one_basis.row_count - previous_deliveries.row_count as row_difference,
    entries_on_one_basis.submitted_at,
    entries_on_one_basis.seen_at
from entries_on_one_basis
left join exports_paired
    on
        entries_on_one_basis.source_name = exports_paired.source_name
        and entries_on_one_basis.billing_period = exports_paired.billing_period
        and entries_on_one_basis.billing_currency = exports_paired.billing_currency
left join previous_deliveries
    on
        entries_on_one_basis.table_name = previous_deliveries.table_name
        and entries_on_one_basis.source_name = previous_deliveries.source_name
        and entries_on_one_basis.previous_delivery_id = previous_deliveries.delivery_id
left join previous_totals
    on
        entries_on_one_basis.table_name = previous_totals.table_name
        and entries_on_one_basis.source_name = previous_totals.source_name
        and entries_on_one_basis.previous_delivery_id = previous_totals.delivery_id
        and entries_on_one_basis.billing_currency = previous_totals.billing_currency
        and entries_on_one_basis.cost_basis = previous_totals.cost_basis
