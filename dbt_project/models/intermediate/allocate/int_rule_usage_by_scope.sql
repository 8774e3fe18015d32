-- The weights of pools that a rule's own feed splits, in whole quanta: millionths where they fit 64 bits, else units,
-- else millions. A quantity below half a quantum has no weight.

with usage_by_consumer as (

    select * from {{ ref('int_rule_usage_by_consumer') }}

),

largest_quantities as (

    select
        driver_scope,
        max(quantity) as quantity
    from usage_by_consumer
    group by driver_scope

),

weights as (

    select
        usage_by_consumer.rule,
        usage_by_consumer.driver_scope,
        usage_by_consumer.driver_window,
        usage_by_consumer.consumer_key,
        {{ service_in_force('usage_by_consumer.workload', 'usage_by_consumer.driver_window') }} as consumer_service,
        case
            when largest_quantities.quantity < 900000000000 then {{ millionths('usage_by_consumer.quantity') }}
            when largest_quantities.quantity < 900000000000000000
                then cast(round(usage_by_consumer.quantity) as bigint)
            else cast(
                round(
                    cast(round(usage_by_consumer.quantity) as decimal(38, 0)) * cast(0.000001 as decimal(6, 6))
                ) as bigint
            )
        end as weight,
        -- how many millionths one quantum is
        case
            when largest_quantities.quantity < 900000000000 then 1
            when largest_quantities.quantity < 900000000000000000 then 1000000
            else 1000000000000
        end as quantum_millionths
    from usage_by_consumer
    inner join largest_quantities
        on usage_by_consumer.driver_scope = largest_quantities.driver_scope

)

select * from weights
