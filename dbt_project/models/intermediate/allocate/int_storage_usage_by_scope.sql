-- The weights of storage pools: whose byte-hours or requests a scope's charges follow, and how many billed byte-hours
-- the feed does not explain (old versions, unfinished uploads, soft-deleted bytes).
--
-- The bill rounds its quantities, so bytes count as unexplained only when the bill is more than a thousandth above the
-- feed: AWS and Google print 10 digits of a GB-month, Azure 6, and a thousandth is far above any of these roundings.
with scopes as (

    select * from {{ ref('int_storage_scopes') }}
    where driver_scope is not null

),

usage_by_consumer as (

    select * from {{ ref('int_storage_usage_by_consumer') }}

),

scope_windows as (

    select distinct
        driver_scope,
        driver_window,
        window_kind,
        bucket,
        weights_from,
        case when weights_from = 'bytes of the class' then storage_class end as storage_class
    from scopes

),

usage_by_window as (

    select
        'day' as window_kind,
        cast(usage_date as string) as driver_window,
        bucket,
        storage_class,
        storage_measure,
        consumer_key,
        quantity
    from usage_by_consumer
    union all
    select
        'month' as window_kind,
        {{ month_of('usage_date') }} as driver_window,
        bucket,
        storage_class,
        storage_measure,
        consumer_key,
        quantity
    from usage_by_consumer

),

quantities as (

    select
        scope_windows.driver_scope,
        usage_by_window.consumer_key,
        sum(usage_by_window.quantity) as quantity
    from scope_windows
    inner join usage_by_window
        on
            scope_windows.window_kind = usage_by_window.window_kind
            and scope_windows.driver_window = usage_by_window.driver_window
            and scope_windows.bucket = usage_by_window.bucket
    where
        case scope_windows.weights_from
            when 'requests' then usage_by_window.storage_measure = 'requests'
            when 'bytes of the bucket' then usage_by_window.storage_measure = 'bytes'
            when 'bytes of any class' then usage_by_window.storage_measure = 'bytes'
            when 'bytes without class'
                then usage_by_window.storage_measure = 'bytes' and usage_by_window.storage_class is null
            else
                usage_by_window.storage_measure = 'bytes'
                and usage_by_window.storage_class = scope_windows.storage_class
        end
    group by
        scope_windows.driver_scope,
        usage_by_window.consumer_key

),

fed_by_scope as (

    select
        driver_scope,
        sum(quantity) as quantity
    from quantities
    group by driver_scope

),

billed_by_scope as (

    select
        driver_scope,
        sum(billed_byte_hours) as billed_byte_hours
    from scopes
    where storage_measure = 'bytes'
    group by driver_scope

),

unexplained as (

    select
        billed_by_scope.driver_scope,
        {{ unexplained_consumer_key() }} as consumer_key,
        billed_by_scope.billed_byte_hours - coalesce(fed_by_scope.quantity, 0) as quantity
    from billed_by_scope
    left join fed_by_scope
        on billed_by_scope.driver_scope = fed_by_scope.driver_scope
    where
        -- a threshold and no amount: as doubles, since a decimal of more places has no room for 100 PB-hours
        cast(billed_by_scope.billed_byte_hours - coalesce(fed_by_scope.quantity, 0) as double) * 1000
        > cast(billed_by_scope.billed_byte_hours as double)

),

all_quantities as (

    select * from quantities
    union all
    select * from unexplained

),

largest_quantities as (

    select
        driver_scope,
        max(quantity) as quantity
    from all_quantities
    group by driver_scope

),

-- whole byte-hours; where one weight would not fit 64 bits (37 PB for a day), millions of byte-hours
weights as (

    select
        all_quantities.driver_scope,
        all_quantities.consumer_key,
        case
            when largest_quantities.quantity < 900000000000000000 then cast(round(all_quantities.quantity) as bigint)
            else cast(
                round(
                    cast(round(all_quantities.quantity) as decimal(38, 0)) * cast(0.000001 as decimal(6, 6))
                ) as bigint
            )
        end as weight,
        case when largest_quantities.quantity < 900000000000000000 then 1 else 1000000 end as quantum
    from all_quantities
    inner join largest_quantities
        on all_quantities.driver_scope = largest_quantities.driver_scope

)

select * from weights
