-- What a month's unit cost of a model leaves out, because cost and requests do not stand together: cost of days without
-- requests or telemetry, requests without cost, and what is billed in several currencies. Requests without any cost
-- have no currency.
with served as (

    select * from {{ ref('int_serving_costs_split_by_requests') }}

)

select
    {{ month_of('charge_date') }} as period,
    billing_currency,
    model_name,
    cast(sum(effective_cost + idle_cost) as {{ money_type() }}) as fully_loaded_cost,
    -- cost that no endpoint takes shows the requests of others: they are counted there
    cast(sum(case when has_usage then requests end) as {{ money_type() }}) as inferences
from served
where not has_unit_cost
group by
    {{ month_of('charge_date') }},
    billing_currency,
    model_name
