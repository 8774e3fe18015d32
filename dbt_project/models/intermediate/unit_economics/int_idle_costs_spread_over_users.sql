{{ config(materialized='kept_months', kept_by='charge_date') }}
-- What a pool's users would carry of its idle capacity, in proportion to what they held. Another view of money that the
-- ledger shows as idle: never add it to the ledger. Pools that nobody used have no users to carry anything; idle that
-- the ledger gives to a workload by name is that workload's and is not spread.
with allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}
    where {{ is_of_months_made('charge_date') }}

),

idle_costs as (

    select
        pool_id,
        charge_date,
        cast(sum(allocated_effective_cost) as {{ money_type() }}) as idle_cost
    from allocations
    where
        cost_use = 'idle'
        and idle_type <> 'unused_commitment'
        and workload is null
    group by
        pool_id,
        charge_date

),

users as (

    select
        pool_id,
        allocation_id as consumer_key,
        -- byte-hours are too large for millionths, and the filter may come after the cast
        {{ millionths("case when driver = 'gpu_hours' then driver_quantity end") }} as weight
    from allocations
    where
        not is_idle
        and not is_unallocated
        and driver = 'gpu_hours'
        and driver_quantity is not null

),

spread as (

    {{ split_exactly('idle_costs', 'users', ['idle_cost']) }}

)

select
    spread.pool_id,
    spread.consumer_key as allocation_id,
    spread.share,
    spread.idle_cost,
    idle_costs.charge_date
from spread
inner join idle_costs
    on spread.pool_id = idle_costs.pool_id
where spread.consumer_key is not null
