-- What a shared service passes on through other services: its cost by the service where it finally leaves, cycles
-- solved. Guarantees that the parts add up to what the service cost. A service that passes nothing on is not here.
with service_costs as (

    select * from {{ ref('int_service_costs') }}

),

exits as (

    select * from {{ ref('int_service_exits') }}

),

passing_services as (

    select distinct
        service,
        driver_window
    from exits
    where
        exit_service <> service
        or closed_loop is not null

),

costs_to_pass_on as (

    select service_costs.*
    from service_costs
    inner join passing_services
        on
            service_costs.service = passing_services.service
            and service_costs.driver_window = passing_services.driver_window

),

exit_weights as (

    select
        costs_to_pass_on.pool_id,
        'workload=' || exits.exit_service as consumer_key,
        exits.weight
    from costs_to_pass_on
    inner join exits
        on
            costs_to_pass_on.service = exits.service
            and costs_to_pass_on.driver_window = exits.driver_window

),

parts as (

    {{ split_exactly('costs_to_pass_on', 'exit_weights', cost_measures()) }}

)

select
    parts.pool_id,
    costs_to_pass_on.origin_pool_id,
    costs_to_pass_on.hop,
    costs_to_pass_on.driver_window,
    exits.exit_service,
    parts.consumer_key,
    'Services' as driver_unit,
    cast({{ decimal_quanta('parts.weight') }} as {{ money_type() }}) as driver_quantity,
    cast(1 as {{ money_type() }}) as driver_total,
    parts.share,
    {%- for measure in cost_measures() %}
    cast(parts.{{ measure }}_residual as {{ money_type() }}) as {{ measure }}_residual,
    parts.{{ measure }} as allocated_{{ measure }},
    {%- endfor %}
    costs_to_pass_on.idle_type,
    case when exits.closed_loop is not null then 'closed loop of services ' || exits.closed_loop end as missing_reason
from parts
inner join costs_to_pass_on
    on parts.pool_id = costs_to_pass_on.pool_id
inner join exits
    on
        costs_to_pass_on.service = exits.service
        and costs_to_pass_on.driver_window = exits.driver_window
        and parts.consumer_key = 'workload=' || exits.exit_service
