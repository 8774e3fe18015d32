{{ config(materialized='kept_months', kept_by='charge_date') }}
-- Puts what was asked beside what it cost. A model that answers on several endpoints or in several serving modes has
-- one cost in the ledger: it is split by requests (by tokens where no request is counted). Guarantees that the parts
-- add up to int_serving_costs exactly; what was asked but has no cost, and what cost but was not asked, stays
-- visible.
{%- set key = ['model_name', 'model_version', 'environment', 'team'] %}
{%- set measures = [
    'effective_cost', 'contracted_cost', 'idle_cost', 'credit_cost', 'tax_cost', 'input_token_cost',
    'output_token_cost', 'gpu_hours',
] %}
{%- set quantities = [
    'requests', 'failed_requests', 'retried_requests', 'cached_requests', 'gpu_seconds', 'input_tokens',
    'output_tokens', 'cached_input_tokens', 'cache_write_tokens',
] %}

-- calls of a managed model have no workload: they are one of their own, beside those on the company's own machines
with costs as (

    select
        {{ digest(['charge_date'] + key) }} as model_day_id,
        coalesce(workload, case when is_managed then 'managed_api' end) as served_by,
        *
    from {{ ref('int_serving_costs') }}
    where {{ is_of_months_made('charge_date') }}

),

usage as (

    select
        {{ digest(['usage_date'] + key) }} as model_day_id,
        coalesce(workload, case when serving_mode = 'managed_api' then 'managed_api' end) as served_by,
        *
    from {{ ref('int_serving_usage') }}
    where {{ is_of_months_made('usage_date') }}

),

-- requests meet the cost of their workload where every row of a model's day tells its workload, else that of the model
workloads_with_cost as (

    select distinct
        model_day_id,
        served_by
    from costs

),

days_by_workload as (

    select
        usage.model_day_id,
        min(case when workloads_with_cost.served_by is null then 0 else 1 end) = 1 as is_matched_by_workload
    from usage
    left join workloads_with_cost
        on
            usage.model_day_id = workloads_with_cost.model_day_id
            and usage.served_by = workloads_with_cost.served_by
    group by usage.model_day_id

),

cost_pools as (

    select
        {{ digest([
            'costs.model_day_id',
            'costs.billing_currency',
            'case when days_by_workload.is_matched_by_workload then costs.served_by end',
        ]) }} as pool_id,
        costs.model_day_id,
        case when days_by_workload.is_matched_by_workload then costs.served_by end as matched_workload,
        costs.charge_date,
        costs.billing_currency,
        {{ 'costs.' ~ key | join(',\n        costs.') }},
        {{ billing_period_of_day('costs.billing_period', 'costs.charge_date') }} as billing_period,
        min(case when costs.is_managed then 1 else 0 end) = 1 as is_managed,
        max(case when costs.has_cost_without_driver then 1 else 0 end) = 1 as has_cost_without_driver,
        {%- for measure in measures %}
        cast(sum(costs.{{ measure }}) as {{ money_type() }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from costs
    left join days_by_workload
        on costs.model_day_id = days_by_workload.model_day_id
    group by
        costs.model_day_id,
        case when days_by_workload.is_matched_by_workload then costs.served_by end,
        costs.charge_date,
        costs.billing_currency,
        {{ 'costs.' ~ key | join(',\n        costs.') }}

),

usage_by_endpoint as (

    select
        usage.model_day_id,
        case when days_by_workload.is_matched_by_workload then usage.served_by end as matched_workload,
        {{ digest(['usage.endpoint', 'usage.serving_mode']) }} as endpoint_id,
        usage.usage_date,
        {{ 'usage.' ~ key | join(',\n        usage.') }},
        usage.endpoint,
        usage.serving_mode,
        {%- for quantity in quantities %}
        sum(usage.{{ quantity }}) as {{ quantity }}{{ ',' if not loop.last }}
        {%- endfor %}
    from usage
    inner join days_by_workload
        on usage.model_day_id = days_by_workload.model_day_id
    group by
        usage.model_day_id,
        case when days_by_workload.is_matched_by_workload then usage.served_by end,
        usage.usage_date,
        {{ 'usage.' ~ key | join(',\n        usage.') }},
        usage.endpoint,
        usage.serving_mode

),

usage_with_portion as (

    select
        *,
        count(*) over pools as endpoints,
        case
            when sum(coalesce(requests, 0)) over pools > 0 then coalesce(requests, 0)
            else coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
        end as portion
    from usage_by_endpoint
    window pools as (partition by model_day_id, matched_workload)

),

usage_with_weight as (

    select
        *,
        max(portion) over (partition by model_day_id, matched_workload) as largest_portion
    from usage_with_portion

),

endpoint_weights as (

    select
        cost_pools.pool_id,
        usage_with_weight.endpoint_id as consumer_key,
        -- the only endpoint carries the cost, also on a day when nobody asked
        case
            when usage_with_weight.endpoints = 1 then 1
            else {{ weight_of('usage_with_weight.portion', 'usage_with_weight.largest_portion') }}
        end as weight
    from cost_pools
    inner join usage_with_weight
        on
            cost_pools.model_day_id = usage_with_weight.model_day_id
            and cost_pools.matched_workload is not distinct from usage_with_weight.matched_workload

),

parts as (

    {{ split_exactly('cost_pools', 'endpoint_weights', measures) }}

),

parts_with_key as (

    select
        cost_pools.model_day_id,
        cost_pools.matched_workload,
        cost_pools.charge_date,
        cost_pools.billing_period,
        cost_pools.billing_currency,
        {{ 'cost_pools.' ~ key | join(',\n        cost_pools.') }},
        cost_pools.is_managed,
        cost_pools.has_cost_without_driver,
        parts.consumer_key,
        parts.share,
        {%- for measure in measures %}
        parts.{{ measure }},
        {%- endfor %}
        count(*) over (
            partition by cost_pools.model_day_id, cost_pools.matched_workload, parts.consumer_key
        ) as currencies
    from parts
    inner join cost_pools
        on parts.pool_id = cost_pools.pool_id

),

side_by_side as (

    select
        coalesce(parts_with_key.model_day_id, usage_with_weight.model_day_id) as model_day_id,
        coalesce(parts_with_key.matched_workload, usage_with_weight.matched_workload) as matched_workload,
        coalesce(parts_with_key.charge_date, usage_with_weight.usage_date) as charge_date,
        parts_with_key.billing_period,
        parts_with_key.billing_currency,
        {%- for column in key %}
        coalesce(parts_with_key.{{ column }}, usage_with_weight.{{ column }}) as {{ column }},
        {%- endfor %}
        usage_with_weight.endpoint,
        coalesce(
            usage_with_weight.serving_mode, case when parts_with_key.is_managed then 'managed_api' end
        ) as serving_mode,
        parts_with_key.is_managed,
        coalesce(parts_with_key.has_cost_without_driver, false) as has_cost_without_driver,
        parts_with_key.share,
        {%- for measure in measures %}
        parts_with_key.{{ measure }},
        {%- endfor %}
        {%- for quantity in quantities %}
        usage_with_weight.{{ quantity }},
        {%- endfor %}
        parts_with_key.currencies,
        parts_with_key.charge_date is not null as has_cost,
        usage_with_weight.model_day_id is not null as has_usage
    from parts_with_key
    full outer join usage_with_weight
        on
            parts_with_key.model_day_id = usage_with_weight.model_day_id
            and parts_with_key.matched_workload is not distinct from usage_with_weight.matched_workload
            and parts_with_key.consumer_key = usage_with_weight.endpoint_id

)

select
    * exclude (model_day_id, matched_workload) replace (
        -- cost that no endpoint takes, because none was asked
        case when has_usage then requests else sum(requests) over pools end as requests
    ),
    max(case when has_cost then 1 else 0 end) over pools = 1 as is_model_costed,
    max(case when has_usage then 1 else 0 end) over pools = 1 as is_model_asked,
    coalesce(has_cost and has_usage and requests > 0 and currencies = 1 and not has_cost_without_driver, false)
        as has_unit_cost
from side_by_side
window pools as (partition by model_day_id, matched_workload)
