-- The ledger's cost of storage by day, currency, dataset, team, bucket and class, beside the byte-hours and accesses of
-- the feeds. Disks and file systems without a dataset are in it too, so that it adds up to the ledger's storage.
{%- set key = ['dataset', 'team', 'bucket', 'storage_class'] %}

with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}

),

storage_bytes as (

    select * from {{ ref('stg_usage__storage_bytes') }}

),

storage_access as (

    select * from {{ ref('stg_usage__storage_access') }}

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

bytes_by_class as (

    select
        usage_date,
        dataset,
        team,
        lower(bucket) as bucket,
        {{ storage_class_key('storage_class') }} as storage_class,
        cast(sum(byte_hours) as {{ money_type() }}) as byte_hours
    from storage_bytes
    group by
        usage_date,
        dataset,
        team,
        lower(bucket),
        {{ storage_class_key('storage_class') }}

),

accesses as (

    select
        usage_date,
        dataset,
        team,
        lower(bucket) as bucket,
        cast(null as string) as storage_class,
        cast(sum(requests) as {{ money_type() }}) as accesses,
        cast(sum(bytes_read) as {{ money_type() }}) as bytes_read
    from storage_access
    group by
        usage_date,
        dataset,
        team,
        lower(bucket)

),

usage as (

    select
        coalesce(bytes_by_class.usage_date, accesses.usage_date) as usage_date,
        {%- for column in key %}
        coalesce(bytes_by_class.{{ column }}, accesses.{{ column }}) as {{ column }},
        {%- endfor %}
        bytes_by_class.byte_hours,
        accesses.accesses,
        accesses.bytes_read
    from bytes_by_class
    full outer join accesses
        on
            bytes_by_class.usage_date = accesses.usage_date
            {%- for column in key %}
            and bytes_by_class.{{ column }} is not distinct from accesses.{{ column }}
            {%- endfor %}

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
        usage.bytes_read
    from costs
    full outer join usage
        on
            costs.charge_date = usage.usage_date
            {%- for column in key %}
            and costs.{{ column }} is not distinct from usage.{{ column }}
            {%- endfor %}

)

select * from side_by_side
