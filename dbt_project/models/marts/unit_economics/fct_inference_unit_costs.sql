{{ config(materialized='kept_months', kept_by='charge_date') }}
with served_by_workload as (

    select * from {{ ref('int_serving_costs_split_by_requests') }}
    where {{ is_of_months_made('charge_date') }}

),

cached_token_prices as (

    select * from {{ ref('int_cached_token_prices') }}
    where {{ is_of_months_made('charge_date') }}

),

-- workloads only told requests and costs apart; the mart speaks of models
served as (

    select
        charge_date,
        {{ billing_period_of_day('billing_period', 'charge_date') }} as billing_period,
        billing_currency,
        model_name,
        model_version,
        environment,
        team,
        endpoint,
        serving_mode,
        min(case when is_managed then 1 else 0 end) = 1 as is_managed,
        {%- for cost in [
            'effective_cost', 'idle_cost', 'credit_cost', 'tax_cost', 'input_token_cost', 'output_token_cost',
        ] %}
        cast(sum({{ cost }}) as {{ money_type() }}) as {{ cost }},
        {%- endfor %}
        {%- for quantity in [
            'requests', 'failed_requests', 'retried_requests', 'cached_requests', 'gpu_seconds', 'input_tokens',
            'output_tokens', 'cached_input_tokens', 'cache_write_tokens',
        ] %}
        cast(sum({{ quantity }}) as {{ money_type() }}) as {{ quantity }},
        {%- endfor %}
        max(currencies) as currencies,
        max(case when has_cost_without_driver then 1 else 0 end) = 1 as has_cost_without_driver,
        min(case when has_cost then 1 else 0 end) = 1 as has_cost,
        min(case when is_model_costed then 1 else 0 end) = 1 as is_model_costed,
        min(case when is_model_asked then 1 else 0 end) = 1 as is_model_asked
    from served_by_workload
    group by
        charge_date,
        billing_currency,
        model_name,
        model_version,
        environment,
        team,
        endpoint,
        serving_mode

),

unit_costs as (

    select
        served.*,
        cast(served.effective_cost + served.idle_cost as {{ money_type() }}) as fully_loaded_cost,
        served.input_tokens + coalesce(served.output_tokens, 0) as tokens,
        -- a GPU's bill does not tell reading from writing, nor do all meters of managed models: unknown, and not free
        case when served.is_managed then nullif(served.input_token_cost, 0) end as cost_of_input_tokens,
        case when served.is_managed then nullif(served.output_token_cost, 0) end as cost_of_output_tokens,
        case
            when not served.is_model_costed then 'no cost of this model in the ledger on this day'
            when not served.is_model_asked and served.requests is not null
                then 'no inference or tokens feed of some of its workloads on this day'
            when not served.is_model_asked then 'no inference or tokens feed of this model on this day'
            when served.requests = 0 then 'no requests on this day'
            when not served.has_cost then 'the cost stands with the requests, which are counted in other rows'
            when served.requests is null then 'no requests in the feeds'
            when served.has_cost_without_driver
                then 'some of its cost has no driver on this day: telemetry is missing'
            when served.currencies > 1 then 'billed in several currencies: requests count in each'
        end as reason
    from served

)

select
    unit_costs.charge_date,
    coalesce(unit_costs.billing_period, {{ month_of('unit_costs.charge_date') }}) as billing_period,
    unit_costs.billing_currency,
    unit_costs.model_name,
    unit_costs.model_version,
    unit_costs.environment,
    unit_costs.team,
    unit_costs.endpoint,
    unit_costs.serving_mode,
    unit_costs.reason,
    unit_costs.effective_cost,
    unit_costs.idle_cost,
    unit_costs.fully_loaded_cost,
    unit_costs.credit_cost,
    unit_costs.tax_cost,
    unit_costs.cost_of_input_tokens as input_token_cost,
    unit_costs.cost_of_output_tokens as output_token_cost,
    unit_costs.requests as inferences,
    unit_costs.failed_requests as failed_inferences,
    unit_costs.retried_requests as retried_inferences,
    unit_costs.cached_requests as cached_inferences,
    unit_costs.input_tokens,
    unit_costs.cached_input_tokens,
    unit_costs.cache_write_tokens,
    unit_costs.output_tokens,
    unit_costs.gpu_seconds,
    {{ unit_cost('unit_costs.effective_cost', 'unit_costs.requests', 1000) }} as cost_per_1k_inferences,
    {{ unit_cost('unit_costs.fully_loaded_cost', 'unit_costs.requests', 1000) }}
        as fully_loaded_cost_per_1k_inferences,
    {{ unit_cost('unit_costs.cost_of_input_tokens', 'unit_costs.input_tokens', 1000000) }} as cost_per_1m_input_tokens,
    {{ unit_cost('unit_costs.cost_of_output_tokens', 'unit_costs.output_tokens', 1000000) }}
        as cost_per_1m_output_tokens,
    case
        when unit_costs.is_managed and unit_costs.cached_input_tokens > 0
            then cached_token_prices.cost_per_1m_cached_input_tokens
    end as cost_per_1m_cached_input_tokens,
    {{ unit_cost('unit_costs.effective_cost', 'unit_costs.tokens', 1000000) }} as cost_per_1m_tokens,
    {{ unit_cost('unit_costs.fully_loaded_cost', 'unit_costs.tokens', 1000000) }} as fully_loaded_cost_per_1m_tokens,
    {{ unit_cost('unit_costs.effective_cost', 'unit_costs.gpu_seconds') }} as cost_per_gpu_second,
    {{ unit_cost('unit_costs.fully_loaded_cost', 'unit_costs.gpu_seconds') }} as fully_loaded_cost_per_gpu_second,
    {{ unit_cost('unit_costs.effective_cost', 'unit_costs.fully_loaded_cost') }} as utilization,
    {{ reporting_columns(
        'unit_costs', ['effective_cost', 'idle_cost', 'fully_loaded_cost', 'credit_cost'], 'charge_date'
    ) }},
    coalesce(unit_costs.is_managed, false) as is_managed_model,
    unit_costs.reason is null as is_complete
from unit_costs
left join cached_token_prices
    on
        unit_costs.charge_date = cached_token_prices.charge_date
        and unit_costs.billing_currency = cached_token_prices.billing_currency
        and unit_costs.model_name = cached_token_prices.model_name
cross join {{ reporting_settings() }} as settings
