with

rules as (

    select * from {{ landed(source('raw', 'allocation_rules')) }}

),

allocation_rules as (

    select
        rule,
        step,
        pool,
        pool_kind,
        driver,
        basis,
        driver_window,
        idle_policy,
        alternative,
        commitment_benefit,
        missing_policy,
        service,
        conditions,
        driver_of,
        driver_by,
        bounds,
        payers,
        owner,
        shares,
        weights,
        model_weights,
        rule_version,
        rule_order,
        valid_from,
        valid_to

    from rules

)

select * from allocation_rules
