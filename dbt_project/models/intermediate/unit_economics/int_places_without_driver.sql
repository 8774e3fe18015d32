-- Where cost waits for telemetry: the clusters, buckets and rules of which a day's cost has no driver, of the months
-- that a run makes. Who has cost there on other days cannot tell what it is on this one.
with allocations as (

    select * from {{ ref('fct_cost_allocations') }}
    where {{ is_of_months_made('charge_date') }}

)

select distinct
    charge_date,
    {{ month_of('charge_date') }} as month,
    coalesce(cluster, bucket, rule) as place
from allocations
where
    method = 'missing_driver'
    and allocated_effective_cost <> 0
    and coalesce(cluster, bucket, rule) is not null
