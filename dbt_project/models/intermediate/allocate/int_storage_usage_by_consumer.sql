-- What the storage feeds say: byte-hours held and requests made, by bucket, class and consumer on a day. A row that
-- names no dataset belongs to the longest prefix of datasets.yaml; who answers for the dataset pays where nobody is
-- named. What the bill says about the same buckets is int_storage_scopes.
{%- set named_payers = consumer_columns() | reject('in', ['dataset', 'workload_type']) | list %}

with storage_bytes as (

    select * from {{ ref('stg_usage__storage_bytes') }}
    where {{ is_of_months_made('usage_date') }}

),

storage_access as (

    select * from {{ ref('stg_usage__storage_access') }}
    where {{ is_of_months_made('usage_date') }}

),

datasets as (

    select * from {{ ref('stg_datasets') }}

),

unioned as (

    select
        'bytes' as storage_measure,
        usage_date,
        lower(bucket) as bucket,
        {{ storage_class_key('storage_class') }} as storage_class,
        coalesce(prefix, '') as prefix,
        {{ consumer_columns() | join(',\n        ') }},
        byte_hours as quantity,
        cast(null as {{ money_type() }}) as bytes_read,
        cast(null as string) as operation
    from storage_bytes
    union all
    select
        'requests' as storage_measure,
        usage_date,
        lower(bucket) as bucket,
        cast(null as string) as storage_class,
        coalesce(prefix, '') as prefix,
        {{ consumer_columns() | join(',\n        ') }},
        requests as quantity,
        bytes_read,
        lower(operation) as operation
    from storage_access

),

places as (

    select distinct
        bucket,
        prefix
    from unioned
    where dataset is null

),

place_datasets as (

    select
        places.bucket,
        places.prefix,
        datasets.dataset,
        row_number() over (
            partition by places.bucket, places.prefix
            order by length(coalesce(datasets.prefix, '')) desc
        ) as nearness
    from places
    inner join datasets
        on
            places.bucket = lower(datasets.bucket)
            and left(places.prefix, length(coalesce(datasets.prefix, ''))) = coalesce(datasets.prefix, '')

),

dataset_owners as (

    select
        dataset,
        max(owner) as owner
    from datasets
    group by dataset

),

placed as (

    select unioned.* replace (coalesce(unioned.dataset, place_datasets.dataset) as dataset)
    from unioned
    left join place_datasets
        on
            unioned.dataset is null
            and unioned.bucket = place_datasets.bucket
            and unioned.prefix = place_datasets.prefix
            and place_datasets.nearness = 1

),

owned as (

    select
        placed.* replace (
            case
                when coalesce(placed.{{ named_payers | join(', placed.') }}) is null then dataset_owners.owner
                else placed.owner
            end as owner
        )
    from placed
    left join dataset_owners
        on placed.dataset = dataset_owners.dataset

),

by_consumer as (

    select
        storage_measure,
        usage_date,
        bucket,
        storage_class,
        {%- for column in consumer_columns() %}
        {{ column }},
        {%- endfor %}
        sum(quantity) as quantity,
        sum(bytes_read) as bytes_read,
        sum(case when operation = 'ingest' then quantity end) as ingests
    from owned
    group by
        storage_measure,
        usage_date,
        bucket,
        storage_class,
        {{ consumer_columns() | join(',\n        ') }}

)

select
    {{ consumer_key() }} as consumer_key,
    *
from by_consumer
