{{ config(materialized='kept_months', kept_by='charge_date') }}
-- Who used what was bought on each day, as it is watched.
with allocations as (

    select * from {{ ref('fct_cost_allocations') }}
    where
        charge_category = 'Usage'
        and {{ is_of_months_made('charge_date') }}

)

select
    source_name,
    provider_name,
    team,
    project,
    model_name,
    dataset,
    cluster,
    is_idle,
    is_unallocated,
    billing_currency,
    charge_date,
    sum(allocated_effective_cost) as cost,
    sum(driver_quantity) filter (driver = 'gpu_hours' and not is_idle) as gpu_hours
from allocations
group by
    source_name,
    provider_name,
    team,
    project,
    model_name,
    dataset,
    cluster,
    is_idle,
    is_unallocated,
    billing_currency,
    charge_date
