{%- set stages = ['data_preparation', 'experiments', 'training', 'evaluation', 'serving'] %}

with lifecycle_costs as (

    select * from {{ ref('int_lifecycle_costs') }}

),

inference_unit_costs as (

    select * from {{ ref('fct_inference_unit_costs') }}

),

quality as (

    select * from {{ ref('int_model_quality') }}

),

alternatives as (

    select * from {{ ref('stg_model_alternatives') }}

),

by_model as (

    select
        model_name,
        model_version,
        billing_currency,
        {%- for stage in stages %}
        cast(sum(case when stage = '{{ stage }}' then effective_cost else 0 end) as {{ money_type() }})
            as {{ stage }}_cost,
        {%- endfor %}
        cast(sum(case when stage <> 'serving' then effective_cost else 0 end) as {{ money_type() }}) as making_cost,
        cast(sum(effective_cost) as {{ money_type() }}) as total_cost,
        cast(sum(wasted_cost) as {{ money_type() }}) as wasted_cost,
        cast(sum(case when stage = 'serving' then idle_cost else 0 end) as {{ money_type() }}) as serving_idle_cost,
        min(charge_date) as first_charge_date,
        max(charge_date) as last_charge_date
    from lifecycle_costs
    group by
        model_name,
        model_version,
        billing_currency

),

requests_by_model as (

    select
        model_name,
        model_version,
        billing_currency,
        cast(sum(inferences) as {{ money_type() }}) as inferences
    from inference_unit_costs
    where is_complete
    group by
        model_name,
        model_version,
        billing_currency

),

-- days of cost that is divided by none of their requests, or of requests that it is not divided by
models_with_gaps as (

    select
        model_name,
        model_version,
        max(case when effective_cost is null or inferences is null then 1 else 0 end) = 1 as has_gaps
    from inference_unit_costs
    where
        not is_complete
        and inferences is distinct from 0
        and (fully_loaded_cost <> 0 or inferences > 0)
    group by
        model_name,
        model_version

),

-- what the managed models on the bill cost us in fact
api_prices as (

    select
        model_name,
        billing_currency,
        {{ unit_cost('sum(effective_cost)', 'sum(inferences)', 1000) }} as cost_per_1k_inferences
    from inference_unit_costs
    where is_complete and is_managed_model
    group by
        model_name,
        billing_currency

),

priced_alternatives as (

    select
        alternatives.model_name,
        coalesce(alternatives.api_model_name, 'quoted price') as alternative,
        coalesce(alternatives.billing_currency, api_prices.billing_currency) as billing_currency,
        cast(coalesce(alternatives.cost_per_1k_inferences, api_prices.cost_per_1k_inferences) as decimal(38, 12))
            as cost_per_1k_inferences
    from alternatives
    left join api_prices
        on alternatives.api_model_name = api_prices.model_name

),

with_units as (

    select
        by_model.*,
        requests_by_model.inferences,
        {{ unit_cost('by_model.serving_cost', 'requests_by_model.inferences', 1000) }}
            as serving_cost_per_1k_inferences,
        {{ unit_cost('by_model.serving_cost + by_model.serving_idle_cost', 'requests_by_model.inferences', 1000) }}
            as fully_loaded_cost_per_1k_inferences,
        {{ unit_cost('by_model.making_cost', 'requests_by_model.inferences', 1000) }} as making_cost_per_1k_inferences,
        {{ unit_cost('by_model.serving_cost', '(by_model.serving_cost + by_model.serving_idle_cost)') }}
            as serving_utilization,
        priced_alternatives.alternative,
        priced_alternatives.cost_per_1k_inferences as alternative_cost_per_1k_inferences,
        quality.quality_metric,
        quality.first_quality_value,
        quality.last_quality_value,
        quality.quality_gain,
        case
            when by_model.model_name is null then 'work that names no model'
            when not models_with_gaps.has_gaps
                then 'days whose requests count to several costs, or to a part: see fct_inference_unit_costs'
            when requests_by_model.inferences is null then 'no requests to spread the cost of making it over'
            when requests_by_model.inferences = 0 then 'no requests to spread the cost of making it over'
            when models_with_gaps.has_gaps then 'cost without requests, or requests without cost, on some days'
        end as reason
    from by_model
    left join requests_by_model
        on
            by_model.model_name = requests_by_model.model_name
            and by_model.model_version is not distinct from requests_by_model.model_version
            and by_model.billing_currency = requests_by_model.billing_currency
    left join models_with_gaps
        on
            by_model.model_name = models_with_gaps.model_name
            and by_model.model_version is not distinct from models_with_gaps.model_version
    left join priced_alternatives
        on
            by_model.model_name = priced_alternatives.model_name
            and by_model.billing_currency = priced_alternatives.billing_currency
            and by_model.serving_cost > 0
    left join quality
        on
            by_model.model_name = quality.model_name
            and by_model.model_version is not distinct from quality.model_version

)

select
    with_units.model_name,
    with_units.model_version,
    with_units.billing_currency,
    with_units.alternative,
    with_units.quality_metric,
    with_units.reason,
    {%- for stage in stages %}
    with_units.{{ stage }}_cost,
    {%- endfor %}
    with_units.making_cost,
    with_units.total_cost,
    with_units.wasted_cost,
    with_units.serving_idle_cost,
    with_units.inferences,
    {{ unit_cost('with_units.making_cost', 'with_units.total_cost') }} as making_share,
    {{ unit_cost('with_units.serving_cost', 'with_units.total_cost') }} as serving_share,
    with_units.making_cost_per_1k_inferences,
    with_units.serving_cost_per_1k_inferences,
    with_units.fully_loaded_cost_per_1k_inferences,
    cast(
        with_units.making_cost_per_1k_inferences + with_units.fully_loaded_cost_per_1k_inferences as decimal(38, 12)
    ) as whole_life_cost_per_1k_inferences,
    with_units.serving_utilization,
    with_units.alternative_cost_per_1k_inferences,
    -- cost at full use over the price: served busier than this, self-hosting is the cheaper one
    {{ unit_cost('with_units.serving_cost_per_1k_inferences', 'with_units.alternative_cost_per_1k_inferences') }}
        as break_even_utilization,
    with_units.first_quality_value,
    with_units.last_quality_value,
    with_units.quality_gain,
    {{ unit_cost('with_units.making_cost', 'with_units.quality_gain') }} as cost_per_quality_point,
    {{ reporting_columns('with_units', ['total_cost', 'making_cost', 'serving_cost'], 'last_charge_date') }},
    with_units.fully_loaded_cost_per_1k_inferences <= with_units.alternative_cost_per_1k_inferences
        as is_self_hosting_cheaper,
    false as is_additive,
    with_units.reason is null as is_complete,
    with_units.first_charge_date,
    with_units.last_charge_date
from with_units
cross join {{ reporting_settings() }} as settings
