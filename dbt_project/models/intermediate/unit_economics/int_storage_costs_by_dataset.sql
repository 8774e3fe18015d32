{{ config(materialized='kept_months', kept_by='charge_date') }}
-- The ledger's cost of storage by day, currency, dataset, team, bucket and class, beside the byte-hours and accesses of
-- the feeds. Disks and file systems without a dataset are in it too, so that it adds up to the ledger's storage.
{%- set key = ['dataset', 'team', 'bucket', 'storage_class'] %}

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

storage_usage as (

    select * from {{ ref('int_storage_usage_by_consumer') }}

),

places_without_driver as (

    select * from {{ ref('int_places_without_driver') }}

),

days_without_driver as (

    select distinct
        places_without_driver.charge_date,
        allocations.dataset,
        allocations.team
    from allocations
    inner join places_without_driver
        on
            allocations.bucket = places_without_driver.place
            and {{ month_of('allocations.charge_date') }} = places_without_driver.month
    where allocations.dataset is not null

),

costs as (

    select
        charge_date,
        billing_currency,
        dataset,
        team,
        lower(bucket) as bucket,
        -- requests are counted by bucket, whatever class the bill names
        case when driver = 'storage_access' then null else storage_class end as storage_class,
        {{ sum_of_use("'storage'") }} as effective_cost,
        {{ sum_of_use("'storage'", "driver = 'storage_access'") }} as access_cost,
        cast(sum(case when cost_use = 'storage' then allocated_billed_cost else 0 end) as {{ money_type() }})
            as billed_cost,
        {{ sum_of_use("'credits'") }} as credit_cost,
        {{ sum_of_use("'tax'") }} as tax_cost
    from allocations
    where activity = 'storage' and not is_idle and not is_unallocated
    group by
        charge_date,
        billing_currency,
        dataset,
        team,
        lower(bucket),
        case when driver = 'storage_access' then null else storage_class end

),

usage as (

    select
        usage_date,
        dataset,
        team,
        bucket,
        storage_class,
        cast(sum(case when storage_measure = 'bytes' then quantity end) as {{ money_type() }}) as byte_hours,
        cast(sum(case when storage_measure = 'requests' then quantity end) as {{ money_type() }}) as accesses,
        cast(sum(ingests) as {{ money_type() }}) as ingests,
        cast(sum(bytes_read) as {{ money_type() }}) as bytes_read
    from storage_usage
    group by
        usage_date,
        dataset,
        team,
        bucket,
        storage_class

),

side_by_side as (

    select
        coalesce(costs.charge_date, usage.usage_date) as charge_date,
        costs.billing_currency,
        {%- for column in key %}
        coalesce(costs.{{ column }}, usage.{{ column }}) as {{ column }},
        {%- endfor %}
        costs.effective_cost,
        costs.access_cost,
        costs.billed_cost,
        costs.credit_cost,
        costs.tax_cost,
        usage.byte_hours,
        usage.accesses,
        usage.ingests,
        usage.bytes_read,
        coalesce(costs.storage_class is not null or costs.effective_cost <> costs.access_cost, false)
            as has_stored_cost,
        coalesce(usage.byte_hours > 0, false) as has_bytes,
        days_without_driver.charge_date is not null as has_cost_without_driver
    from costs
    full outer join usage
        on
            costs.charge_date = usage.usage_date
            {%- for column in key %}
            and costs.{{ column }} is not distinct from usage.{{ column }}
            {%- endfor %}
    left join days_without_driver
        on
            costs.charge_date = days_without_driver.charge_date
            and costs.dataset = days_without_driver.dataset
            and costs.team is not distinct from days_without_driver.team

),

-- bytes and cost of one class meet in a row; where one of the sides does not tell the class, they meet in the bucket
met as (

    select
        *,
        has_stored_cost
        or max(case when has_stored_cost and storage_class is null then 1 else 0 end) over buckets = 1
        or (storage_class is null and max(case when has_stored_cost then 1 else 0 end) over buckets = 1)
            as is_stored_cost_known,
        has_bytes
        or max(case when has_bytes and storage_class is null then 1 else 0 end) over buckets = 1
        or (storage_class is null and max(case when has_bytes then 1 else 0 end) over buckets = 1)
            as are_bytes_known
    from side_by_side
    window buckets as (partition by charge_date, dataset, team, bucket)

)

select
    * exclude (has_bytes, is_stored_cost_known, are_bytes_known),
    has_bytes and not is_stored_cost_known as has_bytes_without_cost,
    has_stored_cost and effective_cost <> access_cost and not are_bytes_known as has_cost_without_bytes
from met
