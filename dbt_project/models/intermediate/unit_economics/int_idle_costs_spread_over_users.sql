-- What a pool's users would carry of its idle capacity, in proportion to what they held. Another view of money that the
-- ledger shows as idle: never add it to the ledger. Pools that nobody used have no users to carry anything.
{{ config(materialized='table', meta={'dagster': {'group': 'unit_economics'}}) }}

with parts as (

    select * from {{ ref('int_gpu_costs_split_by_gpu_hours') }}

),

pools as (

    select * from {{ ref('int_pools') }}

),

gpu_hours_by_scope as (

    select * from {{ ref('int_gpu_hours_by_scope') }}

),

idle_costs as (

    select
        pool_id,
        allocated_effective_cost as idle_cost
    from parts
    where consumer_key = {{ idle_consumer_key() }}

),

users as (

    select
        idle_costs.pool_id,
        gpu_hours_by_scope.consumer_key,
        gpu_hours_by_scope.weight
    from idle_costs
    inner join pools
        on idle_costs.pool_id = pools.pool_id
    inner join gpu_hours_by_scope
        on pools.driver_scope = gpu_hours_by_scope.driver_scope
    where gpu_hours_by_scope.consumer_key <> {{ idle_consumer_key() }}

),

spread as (

    {{ split_exactly('idle_costs', 'users', ['idle_cost']) }}

)

select
    pool_id,
    consumer_key,
    share,
    idle_cost
from spread
where consumer_key is not null
