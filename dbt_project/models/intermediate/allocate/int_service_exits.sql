{{ config(materialized='kept_months', kept_by='driver_window') }}
-- Where the cost of each shared service finally leaves to somebody who is no service, cycles solved: over a graph of
-- services, never over money.
--
-- The elimination is Python (finops_pipeline.reciprocal, a function of the connection); rules without a shared service
-- never call it.
{%- set services = allocation_rules() | selectattr('service') | list %}
-- depends_on: {{ ref('int_rule_usage_by_scope') }}
-- depends_on: {{ ref('stg_allocation_rules') }}
{%- if services %}

with usage_by_scope as (

    select * from {{ ref('int_rule_usage_by_scope') }}

),

rules as (

    select * from {{ ref('stg_allocation_rules') }}
    where service is not null

),

-- consumer_service is null for everybody who is no service, together
flows as (

    select
        rules.service,
        usage_by_scope.driver_window,
        usage_by_scope.consumer_service,
        -- all users of a service together may have more quanta than one weight of a split has room for
        cast(sum(usage_by_scope.weight) as decimal(38, 0)) as weight
    from usage_by_scope
    inner join rules
        on usage_by_scope.rule = rules.rule
    where {{ service_in_force('rules.service', 'usage_by_scope.driver_window') }} is not null
    group by
        rules.service,
        usage_by_scope.driver_window,
        usage_by_scope.consumer_service

),

exits as (

    select
        driver_window,
        {{ service_exits('service', 'consumer_service', 'weight') }} as leaving
    from flows
    group by driver_window

)

select
    exits.leaving.service,
    exits.driver_window,
    exits.leaving.exit_service,
    exits.leaving.closed_loop,
    exits.leaving.weight
from exits
{%- else %}

select
    cast(null as string) as service,
    cast(null as string) as driver_window,
    cast(null as string) as exit_service,
    cast(null as string) as closed_loop,
    cast(null as bigint) as weight
where false
{%- endif %}
