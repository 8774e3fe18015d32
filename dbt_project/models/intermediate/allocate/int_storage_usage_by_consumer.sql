-- What the storage feeds say: byte-hours held and requests made, by bucket, class and consumer on a day. What the bill
-- says about the same buckets is int_storage_scopes.
with storage_bytes as (

    select * from {{ ref('stg_usage__storage_bytes') }}

),

storage_access as (

    select * from {{ ref('stg_usage__storage_access') }}

),

byte_hours as (

    select
        'bytes' as storage_measure,
        usage_date,
        lower(bucket) as bucket,
        {{ storage_class_key('storage_class') }} as storage_class,
        {%- for column in consumer_columns() %}
        {{ column }},
        {%- endfor %}
        sum(byte_hours) as quantity
    from storage_bytes
    group by
        usage_date,
        lower(bucket),
        {{ storage_class_key('storage_class') }},
        {{ consumer_columns() | join(',\n        ') }}

),

requests as (

    select
        'requests' as storage_measure,
        usage_date,
        lower(bucket) as bucket,
        cast(null as string) as storage_class,
        {%- for column in consumer_columns() %}
        {{ column }},
        {%- endfor %}
        sum(requests) as quantity
    from storage_access
    group by
        usage_date,
        lower(bucket),
        {{ consumer_columns() | join(',\n        ') }}

),

unioned as (

    select * from byte_hours
    union all
    select * from requests

)

select
    {{ consumer_key() }} as consumer_key,
    *
from unioned
