-- Splits the cost that leaves a shared service over its users that are no services, by its own driver. Guarantees that
-- the parts add up to it exactly.
{%- set rules_with_service = allocation_rules() | selectattr('service') | list %}

with service_costs as (

    select * from {{ ref('int_service_costs') }}

),

passed_on as (

    select * from {{ ref('int_service_costs_passed_on') }}

),

usage_by_scope as (

    select * from {{ ref('int_rule_usage_by_scope') }}

),

rules as (

    select * from {{ ref('stg_allocation_rules') }}
    where service is not null

),

drivers as (

    select * from {{ rule_driver_columns(rules_with_service) }} as listed

),

costs_of_services_alone as (

    select service_costs.*
    from service_costs
    left join passed_on
        on service_costs.pool_id = passed_on.pool_id
    where passed_on.pool_id is null

),

leaving_costs as (

    select
        pool_id,
        origin_pool_id,
        hop,
        service,
        driver_window,
        idle_type,
        {{ cost_measures() | join(',\n        ') }}
    from costs_of_services_alone
    union all
    select
        {{ digest(['pool_id', 'consumer_key']) }} as pool_id,
        origin_pool_id,
        hop + 1 as hop,
        exit_service as service,
        driver_window,
        idle_type,
        {%- for measure in cost_measures() %}
        allocated_{{ measure }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from passed_on
    where missing_reason is null

),

pool_weights as (

    select
        leaving_costs.pool_id,
        usage_by_scope.consumer_key,
        usage_by_scope.weight
    from leaving_costs
    inner join rules
        on leaving_costs.service = rules.service
    inner join usage_by_scope
        on
            rules.rule = usage_by_scope.rule
            and leaving_costs.driver_window = usage_by_scope.driver_window
    where usage_by_scope.consumer_service is null

),

parts as (

    {{ split_exactly('leaving_costs', 'pool_weights', cost_measures()) }}

),

quanta as (

    select
        rule,
        driver_window,
        max(quantum_millionths) as quantum_millionths
    from usage_by_scope
    group by
        rule,
        driver_window

)

select
    parts.pool_id,
    leaving_costs.origin_pool_id,
    leaving_costs.hop,
    coalesce(parts.consumer_key, drivers.missing_owner_key) as consumer_key,
    drivers.driver,
    drivers.driver_unit,
    {{ quantity_of_quanta('parts.weight', 'quanta.quantum_millionths') }} as driver_quantity,
    {{ quantity_of_quanta('parts.total_weight', 'quanta.quantum_millionths') }} as driver_total,
    parts.share,
    {%- for measure in cost_measures() %}
    cast(parts.{{ measure }}_residual as {{ money_type() }}) as {{ measure }}_residual,
    parts.{{ measure }} as allocated_{{ measure }},
    {%- endfor %}
    leaving_costs.idle_type,
    case
        when parts.consumer_key is null
            then
                'no ' || drivers.driver || ' of service ' || leaving_costs.service
                || ' in ' || leaving_costs.driver_window
    end as missing_reason
from parts
inner join leaving_costs
    on parts.pool_id = leaving_costs.pool_id
inner join rules
    on leaving_costs.service = rules.service
left join drivers
    on rules.rule = drivers.rule
left join quanta
    on
        rules.rule = quanta.rule
        and leaving_costs.driver_window = quanta.driver_window
