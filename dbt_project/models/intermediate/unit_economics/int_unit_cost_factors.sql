-- What a thousand inferences cost in a month, taken apart into quantities whose ratios explain a change: requests,
-- work (GPU-seconds, or tokens of one direction), GPU-hours held for it, and its cost at contracted prices, after
-- commitments and with idle capacity. One row per month, currency, model, way of serving and component; only what
-- has both cost and requests counts: int_unit_costs_left_out has the rest.
{%- set segment = ['model_version', 'environment', 'team', 'endpoint', 'serving_mode'] %}

with served as (

    select * from {{ ref('int_serving_costs_split_by_requests') }}

),

allocations as (

    select * from {{ ref('int_allocations_classified_by_use') }}

),

rule_versions as (

    select
        {{ month_of('charge_date') }} as period,
        case
            when min(rule_version) = max(rule_version) then max(rule_version)
            else min(rule_version) || ' ' || max(rule_version)
        end as rule_version
    from allocations
    where activity = 'inference'
    group by {{ month_of('charge_date') }}

),

segments as (

    select
        {{ month_of('charge_date') }} as period,
        billing_currency,
        model_name,
        {{ digest(segment) }} as segment_id,
        min(case when is_managed then 1 else 0 end) = 1 as is_managed,
        cast(sum(requests) as double) as requests,
        cast(sum(gpu_seconds) as double) as gpu_seconds,
        cast(sum(input_tokens) as double) as input_tokens,
        cast(sum(output_tokens) as double) as output_tokens,
        cast(sum(gpu_hours) as double) as gpu_hours,
        cast(sum(contracted_cost) as double) as contracted_cost,
        cast(sum(effective_cost) as double) as effective_cost,
        cast(sum(input_token_cost) as double) as input_token_cost,
        cast(sum(output_token_cost) as double) as output_token_cost,
        cast(sum(idle_cost) as double) as idle_cost,
        sum(requests) as exact_requests,
        cast(sum(effective_cost + idle_cost) as {{ money_type() }}) as exact_cost
    from served
    where has_unit_cost
    group by
        {{ month_of('charge_date') }},
        billing_currency,
        model_name,
        {{ digest(segment) }}

),

-- a managed model reads and writes tokens at prices of their own; what it is billed besides goes by requests
components as (

    select
        *,
        'machines' as component,
        gpu_seconds as work,
        gpu_hours * 3600 as held,
        effective_cost as component_cost
    from segments
    where not is_managed
    union all
    select
        *,
        'input tokens' as component,
        input_tokens as work,
        input_tokens as held,
        input_token_cost as component_cost
    from segments
    where is_managed and input_token_cost <> 0
    union all
    select
        *,
        'output tokens' as component,
        output_tokens as work,
        output_tokens as held,
        output_token_cost as component_cost
    from segments
    where is_managed and output_token_cost <> 0
    union all
    select
        *,
        'other' as component,
        requests as work,
        requests as held,
        effective_cost - input_token_cost - output_token_cost as component_cost
    from segments
    -- what costs nothing has been asked all the same: its requests count
    where
        is_managed
        and (
            abs(effective_cost - input_token_cost - output_token_cost) > 1e-9
            or (input_token_cost = 0 and output_token_cost = 0)
        )

)

select
    components.period,
    components.billing_currency,
    components.model_name,
    components.segment_id,
    components.component,
    rule_versions.rule_version,
    components.requests,
    sum(case when components.is_first_component then components.requests end) over model_months as model_requests,
    nullif(components.work, 0) as work,
    nullif(components.held, 0) as held,
    -- discounts and idle capacity of a way of serving are those of each of its components
    components.component_cost * components.contracted_cost / nullif(components.effective_cost, 0) as contracted_cost,
    components.component_cost as effective_cost,
    case
        when components.effective_cost = 0 then components.component_cost + components.idle_cost
        else
            components.component_cost * (components.effective_cost + components.idle_cost) / components.effective_cost
    end as fully_loaded_cost,
    cast(
        sum(case when components.is_first_component then components.exact_requests end) over model_months
        as {{ money_type() }}
    ) as exact_model_requests,
    cast(
        sum(case when components.is_first_component then components.exact_cost end) over model_months
        as {{ money_type() }}
    ) as exact_model_cost
from (

    select
        *,
        row_number() over (partition by period, billing_currency, model_name, segment_id order by component) = 1
            as is_first_component
    from components

) as components
left join rule_versions
    on components.period = rule_versions.period
window model_months as (partition by components.period, components.billing_currency, components.model_name)
