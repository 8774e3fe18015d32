with

rules as (

    select * from {{ landed(source('raw', 'allocation_rules')) }}

),

allocation_rules as (

    select
        rule,
        pool_kind,
        driver,
        basis,
        rule_version,
        rule_order

    from rules

)

select * from allocation_rules
