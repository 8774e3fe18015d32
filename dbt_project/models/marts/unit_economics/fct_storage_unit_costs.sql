{{ config(materialized='kept_months', kept_by='charge_date', following=1200) }}
-- What a dataset cost on a day beside its bytes and accesses. The day of its last access and the bytes that lay there
-- when its retention began may be years back: whatever changes then is followed for a hundred years (`following`).
with by_class as (

    select * from {{ ref('int_storage_costs_by_dataset') }}

),

datasets as (

    select * from {{ ref('stg_datasets') }}

),

retention_by_dataset as (

    select
        dataset,
        max(retention_days) as retention_days
    from datasets
    group by dataset

),

by_dataset as (

    select
        charge_date,
        billing_currency,
        dataset,
        team,
        cast(sum(effective_cost) as {{ money_type() }}) as effective_cost,
        cast(sum(access_cost) as {{ money_type() }}) as access_cost,
        cast(sum(billed_cost) as {{ money_type() }}) as billed_cost,
        cast(sum(credit_cost) as {{ money_type() }}) as credit_cost,
        cast(sum(tax_cost) as {{ money_type() }}) as tax_cost,
        max(case when has_cost_without_bytes then 1 else 0 end) = 1 as has_cost_without_bytes,
        max(case when has_cost_without_driver then 1 else 0 end) = 1 as has_cost_without_driver
    from by_class
    where billing_currency is not null
    group by
        charge_date,
        billing_currency,
        dataset,
        team

),

usage_by_dataset as (

    select
        charge_date,
        dataset,
        team,
        cast(sum(byte_hours) as {{ money_type() }}) as byte_hours,
        cast(sum(accesses) as {{ money_type() }}) as accesses,
        cast(sum(ingests) as {{ money_type() }}) as ingests,
        cast(sum(bytes_read) as {{ money_type() }}) as bytes_read,
        max(case when has_bytes_without_cost then 1 else 0 end) = 1 as has_bytes_without_cost
    from (
        -- a row that is billed in two currencies has its usage twice
        select distinct
            charge_date,
            dataset,
            team,
            bucket,
            storage_class,
            byte_hours,
            accesses,
            ingests,
            bytes_read,
            has_bytes_without_cost
        from by_class
    ) as usage
    group by
        charge_date,
        dataset,
        team

),

side_by_side as (

    select
        coalesce(by_dataset.charge_date, usage_by_dataset.charge_date) as charge_date,
        by_dataset.billing_currency,
        coalesce(by_dataset.dataset, usage_by_dataset.dataset) as dataset,
        coalesce(by_dataset.team, usage_by_dataset.team) as team,
        by_dataset.effective_cost,
        cast(by_dataset.effective_cost - by_dataset.access_cost as {{ money_type() }}) as stored_cost,
        by_dataset.access_cost,
        by_dataset.billed_cost,
        by_dataset.credit_cost,
        by_dataset.tax_cost,
        by_dataset.has_cost_without_bytes,
        by_dataset.has_cost_without_driver,
        usage_by_dataset.has_bytes_without_cost,
        usage_by_dataset.byte_hours,
        usage_by_dataset.accesses,
        usage_by_dataset.ingests,
        usage_by_dataset.bytes_read,
        count(*) over (
            partition by usage_by_dataset.charge_date, usage_by_dataset.dataset, usage_by_dataset.team
        ) as currencies
    from by_dataset
    full outer join usage_by_dataset
        on
            by_dataset.charge_date = usage_by_dataset.charge_date
            and by_dataset.dataset is not distinct from usage_by_dataset.dataset
            and by_dataset.team is not distinct from usage_by_dataset.team

),

with_history as (

    select
        side_by_side.*,
        retention_by_dataset.retention_days,
        -- whoever read it: a dataset is in use, too, while other teams than its owner's do
        case
            when side_by_side.dataset is not null
                then max(case when side_by_side.accesses > 0 then side_by_side.charge_date end) over (
                    partition by side_by_side.dataset
                    order by side_by_side.charge_date
                    range between unbounded preceding and current row
                )
        end as last_access_date
    from side_by_side
    left join retention_by_dataset
        on side_by_side.dataset = retention_by_dataset.dataset

),

-- what lay there when the retention began and lies there still: at most this much is older than it may be
with_expired_bytes as (

    select
        with_history.*,
        case
            when before_retention.byte_hours is not null
                then least(with_history.byte_hours, before_retention.byte_hours)
        end as expired_byte_hours
    from with_history
    left join usage_by_dataset as before_retention
        on
            {{ days_before('with_history.charge_date', 'with_history.retention_days') }} = before_retention.charge_date
            and with_history.dataset = before_retention.dataset
            and with_history.team is not distinct from before_retention.team

),

explained as (

    select
        *,
        {{ days_between('last_access_date', 'charge_date') }} as days_since_last_access,
        case
            when billing_currency is null then 'no cost of this dataset in the ledger on this day'
            when dataset is null then 'storage without a dataset'
            when byte_hours is null then 'no bytes of this dataset in the feed on this day'
            when byte_hours = 0 then 'no bytes stored on this day'
            when currencies > 1 then 'billed in several currencies: bytes count in each'
            when has_cost_without_driver then 'some of its cost has no driver on this day: telemetry is missing'
            when has_bytes_without_cost then 'no cost of some of its bytes in the ledger on this day'
            when has_cost_without_bytes then 'no bytes in the feed for some of its cost on this day'
        end as reason
    from with_expired_bytes

)

select
    explained.charge_date,
    {{ month_of('explained.charge_date') }} as billing_period,
    explained.billing_currency,
    explained.dataset,
    explained.team,
    explained.reason,
    explained.effective_cost,
    explained.stored_cost,
    explained.access_cost,
    explained.billed_cost,
    explained.credit_cost,
    explained.tax_cost,
    explained.byte_hours,
    explained.accesses,
    explained.ingests,
    explained.bytes_read,
    {{ cost_per_tib_month('explained.effective_cost', 'explained.byte_hours', 'explained.charge_date') }}
        as cost_per_tib_month,
    {{ cost_per_tib_month('explained.stored_cost', 'explained.byte_hours', 'explained.charge_date') }}
        as stored_cost_per_tib_month,
    -- accesses that no meter charges for have no price: unknown, and not free
    {{ unit_cost('nullif(explained.access_cost, 0)', 'explained.accesses', 1000) }} as cost_per_1k_accesses,
    {{ unit_cost('explained.effective_cost', 'explained.ingests', 1000) }} as cost_per_1k_ingests,
    explained.days_since_last_access,
    explained.retention_days,
    {{ unit_cost('explained.stored_cost', 'explained.byte_hours', 'cast(explained.expired_byte_hours as double)') }}
        as retention_saving_at_most,
    {{ reporting_columns('explained', ['effective_cost'], 'charge_date') }},
    explained.reason is null as is_complete
from explained
cross join {{ reporting_settings() }} as settings
