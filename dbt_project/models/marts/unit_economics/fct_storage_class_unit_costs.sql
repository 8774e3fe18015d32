{{ config(materialized='kept_months', kept_by='charge_date') }}
with by_class as (

    select * from {{ ref('int_storage_costs_by_dataset') }}
    where {{ is_of_months_made('charge_date') }}

),

with_currencies as (

    select
        *,
        count(*) over (partition by charge_date, dataset, team, bucket, storage_class) as currencies
    from by_class

),

explained as (

    select
        *,
        case
            when billing_currency is null and byte_hours is null then 'no accesses billed on this day'
            when byte_hours > 0 and not has_stored_cost and not has_bytes_without_cost
                then 'the cost of these bytes stands with their class: feed and bill do not both tell it'
            when billing_currency is null or (byte_hours > 0 and not has_stored_cost)
                then 'no cost of these bytes in the ledger on this day'
            when dataset is null then 'storage without a dataset'
            -- accesses are billed for the bucket, not for a class
            when byte_hours is null and accesses is null then 'no bytes of this class in the feed on this day'
            when byte_hours = 0 then 'no bytes stored on this day'
            when currencies > 1 then 'billed in several currencies: bytes and accesses count in each'
        end as reason
    from with_currencies

)

select
    explained.charge_date,
    explained.billing_currency,
    explained.dataset,
    explained.team,
    explained.bucket,
    explained.storage_class,
    explained.reason,
    explained.effective_cost,
    explained.access_cost,
    explained.byte_hours,
    explained.accesses,
    case
        when explained.has_stored_cost
            then {{ cost_per_tib_month(
                '(explained.effective_cost - explained.access_cost)', 'explained.byte_hours', 'explained.charge_date'
            ) }}
    end as cost_per_tib_month,
    {{ unit_cost('nullif(explained.access_cost, 0)', 'explained.accesses', 1000) }} as cost_per_1k_accesses,
    {{ reporting_columns('explained', ['effective_cost'], 'charge_date') }},
    explained.reason is null as is_complete
from explained
cross join {{ reporting_settings() }} as settings
