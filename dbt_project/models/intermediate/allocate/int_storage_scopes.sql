-- Where the bill of a bucket and the storage feeds meet: for each bucket, class and measure that a charge of a window
-- is for, the scope whose weights split it. No scope means that its driver is missing.
with charges as (

    select * from {{ ref('int_charges_attributed_to_owners') }}
    where {{ is_of_months_made('charge_date') }}

),

usage_by_consumer as (

    select * from {{ ref('int_storage_usage_by_consumer') }}

),

bucket_charges as (

    select
        {{ charge_window_kind('charges') }} as window_kind,
        {{ charge_window('charges') }} as driver_window,
        charges.billing_period,
        cast(charges.charge_date as string) as charge_day,
        lower(charges.bucket) as bucket,
        charges.storage_class,
        charges.storage_measure,
        case
            when charges.charge_category = 'Usage' and charges.storage_measure = 'bytes' then charges.billed_byte_hours
        end as billed_byte_hours
    from charges
    where
        charges.bucket is not null
        and charges.storage_measure is not null

),

-- one row per thing that is billed in a window
billed as (

    select distinct
        window_kind,
        driver_window,
        bucket,
        storage_class,
        storage_measure
    from bucket_charges

),

billed_windows as (

    select distinct
        window_kind,
        driver_window
    from billed

),

-- all bytes billed in the window, in lines of whatever length
billed_byte_hours as (

    select
        billed_windows.driver_window,
        bucket_charges.bucket,
        bucket_charges.storage_class,
        sum(bucket_charges.billed_byte_hours) as billed_byte_hours
    from bucket_charges
    inner join billed_windows
        on bucket_charges.charge_day = billed_windows.driver_window
    where bucket_charges.window_kind = 'day'
    group by
        billed_windows.driver_window,
        bucket_charges.bucket,
        bucket_charges.storage_class
    union all
    select
        billed_windows.driver_window,
        bucket_charges.bucket,
        bucket_charges.storage_class,
        sum(bucket_charges.billed_byte_hours) as billed_byte_hours
    from bucket_charges
    inner join billed_windows
        on bucket_charges.billing_period = billed_windows.driver_window
    group by
        billed_windows.driver_window,
        bucket_charges.bucket,
        bucket_charges.storage_class

),

fed_windows as (

    select
        billed_windows.driver_window,
        usage_by_consumer.bucket,
        usage_by_consumer.storage_class,
        usage_by_consumer.storage_measure,
        usage_by_consumer.quantity
    from usage_by_consumer
    inner join billed_windows
        on cast(usage_by_consumer.usage_date as string) = billed_windows.driver_window
    union all
    select
        billed_windows.driver_window,
        usage_by_consumer.bucket,
        usage_by_consumer.storage_class,
        usage_by_consumer.storage_measure,
        usage_by_consumer.quantity
    from usage_by_consumer
    inner join billed_windows
        on {{ month_of('usage_by_consumer.usage_date') }} = billed_windows.driver_window

),

fed_classes as (

    select distinct
        driver_window,
        bucket,
        storage_class
    from fed_windows
    where storage_measure = 'bytes'

),

fed_buckets as (

    select
        driver_window,
        bucket,
        max(case when storage_measure = 'requests' and quantity > 0 then 1 else 0 end) = 1 as has_requests,
        max(case when storage_measure = 'bytes' then 1 else 0 end) = 1 as has_bytes,
        max(case when storage_measure = 'bytes' and storage_class is null then 1 else 0 end) = 1
            as has_bytes_without_class
    from fed_windows
    group by
        driver_window,
        bucket

),

scopes_found as (

    select
        billed.window_kind,
        billed.driver_window,
        billed.bucket,
        billed.storage_class,
        billed.storage_measure,
        case
            when billed.storage_measure = 'requests' and fed_buckets.has_requests then 'requests'
            -- accesses that nobody counted follow the bytes that are there to be accessed
            when billed.storage_measure = 'requests' and fed_buckets.has_bytes then 'bytes of the bucket'
            when billed.storage_measure = 'requests' then null
            when fed_classes.bucket is not null then 'bytes of the class'
            when fed_buckets.has_bytes_without_class then 'bytes without class'
            when fed_buckets.has_bytes and billed.storage_class is null then 'bytes of any class'
            -- the feed knows the bucket but not these bytes: all of them are unexplained
            when fed_buckets.has_bytes then 'bytes of the class'
        end as weights_from
    from billed
    left join fed_buckets
        on
            billed.driver_window = fed_buckets.driver_window
            and billed.bucket = fed_buckets.bucket
    left join fed_classes
        on
            billed.driver_window = fed_classes.driver_window
            and billed.bucket = fed_classes.bucket
            and billed.storage_class = fed_classes.storage_class

)

select
    scopes_found.window_kind,
    scopes_found.driver_window,
    scopes_found.bucket,
    scopes_found.storage_class,
    scopes_found.storage_measure,
    scopes_found.weights_from,
    case
        when scopes_found.weights_from is not null
            then concat_ws(
                '/',
                scopes_found.weights_from,
                scopes_found.bucket,
                case
                    when scopes_found.weights_from = 'bytes of the class' then coalesce(scopes_found.storage_class, '?')
                end,
                scopes_found.driver_window
            )
    end as driver_scope,
    billed_byte_hours.billed_byte_hours
from scopes_found
left join billed_byte_hours
    on
        scopes_found.driver_window = billed_byte_hours.driver_window
        and scopes_found.bucket = billed_byte_hours.bucket
        and scopes_found.storage_class is not distinct from billed_byte_hours.storage_class
        and scopes_found.storage_measure = 'bytes'
