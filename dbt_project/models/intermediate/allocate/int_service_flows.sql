-- Who used shared services: for each service and window the quantity that other services used, and all others
-- together (consumer_service is null).
with usage_by_scope as (

    select * from {{ ref('int_rule_usage_by_scope') }}

),

rules as (

    select * from {{ ref('stg_allocation_rules') }}
    where service is not null

)

select
    rules.service,
    usage_by_scope.driver_window,
    usage_by_scope.consumer_service,
    cast(sum(usage_by_scope.weight) as bigint) as weight
from usage_by_scope
inner join rules
    on usage_by_scope.rule = rules.rule
group by
    rules.service,
    usage_by_scope.driver_window,
    usage_by_scope.consumer_service
