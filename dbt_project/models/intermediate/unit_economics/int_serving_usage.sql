-- What was asked of models: the inference and the token feeds side by side, one row per day, model, version,
-- environment, team, workload, endpoint and serving mode. Nothing is known of cost here.
{%- set model = ['usage_date', 'model_name', 'model_version', 'environment', 'team'] %}
{%- set key = model + ['workload'] %}
{%- set request_measures = ['requests', 'failed_requests', 'retried_requests', 'cached_requests', 'gpu_seconds'] %}
{%- set token_measures = ['input_tokens', 'output_tokens', 'cached_input_tokens', 'cache_write_tokens', 'requests'] %}

with inference as (

    select * from {{ ref('stg_usage__inference') }}
    where {{ touches_months_made('usage_start', 'usage_end') }}

),

tokens as (

    select * from {{ ref('stg_usage__tokens') }}
    where {{ touches_months_made('usage_start', 'usage_end') }}

),

inference_by_day as (

    {{ cut_by_day('inference', key[1:] + ['endpoint', 'serving_mode'], request_measures) }}

),

tokens_by_day as (

    {{ cut_by_day('tokens', key[1:] + ['endpoint'], token_measures) }}

),

requests_by_endpoint as (

    select
        {{ key | join(',\n        ') }},
        endpoint,
        serving_mode,
        {%- for measure in request_measures %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        count(*) over (partition by {{ key | join(', ') }}, endpoint) as modes_of_endpoint
    from inference_by_day
    group by
        {{ key | join(',\n        ') }},
        endpoint,
        serving_mode

),

{%- for column, of in [('workload', model), ('endpoint', key)] %}

{{ column }}s_of_requests as (

    select
        {{ of | join(',\n        ') }},
        count(distinct {{ column }}) as names,
        max({{ column }}) as name,
        max(case when {{ column }} is null then 1 else 0 end) = 1 as has_requests_without
    from requests_by_endpoint
    group by
        {{ of | join(',\n        ') }}

),

-- requests decide which {{ column }}s there are: tokens that name none are the only one's
tokens_by_{{ column }} as (

    select
        tokens.* replace (
            case
                when {{ column }}s_of_requests.names = 0 then null
                when {{ column }}s_of_requests.names = 1 and not {{ column }}s_of_requests.has_requests_without
                    then coalesce(tokens.{{ column }}, {{ column }}s_of_requests.name)
                else tokens.{{ column }}
            end as {{ column }}
        )
    from {{ 'tokens_by_day' if column == 'workload' else 'tokens_by_workload' }} as tokens
    left join {{ column }}s_of_requests
        on
            {%- for known in of %}
            {{ 'and ' if not loop.first }}tokens.{{ known }}
            is not distinct from {{ column }}s_of_requests.{{ known }}
            {%- endfor %}

),
{%- endfor %}

tokens_placed as (

    select
        {{ key | join(',\n        ') }},
        endpoint,
        {%- for measure in token_measures %}
        sum({{ measure }}) as {{ 'token_' if measure == 'requests' }}{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from tokens_by_endpoint
    group by
        {{ key | join(',\n        ') }},
        endpoint

),

-- both feeds may count the same requests: the tokens' count is read only for what the other feed does not know
tokens_counted_already as (

    select distinct
        {{ 'tokens_placed.' ~ (key + ['endpoint']) | join(',\n        tokens_placed.') }}
    from tokens_placed
    inner join requests_by_endpoint
        on
            {%- for column in model %}
            {{ 'and ' if not loop.first }}tokens_placed.{{ column }}
            is not distinct from requests_by_endpoint.{{ column }}
            {%- endfor %}
            {%- for column in ['workload', 'endpoint'] %}
            and coalesce(tokens_placed.{{ column }} = requests_by_endpoint.{{ column }}, true)
            {%- endfor %}

),

-- tokens stand beside the requests of their endpoint; in a row of their own where it answers in several modes
side_by_side as (

    select
        {%- for column in key + ['endpoint'] %}
        coalesce(requests_by_endpoint.{{ column }}, tokens_placed.{{ column }}) as {{ column }},
        {%- endfor %}
        requests_by_endpoint.serving_mode,
        coalesce(
            requests_by_endpoint.requests,
            case when tokens_counted_already.usage_date is null then tokens_placed.token_requests end
        ) as requests,
        requests_by_endpoint.failed_requests,
        requests_by_endpoint.retried_requests,
        requests_by_endpoint.cached_requests,
        requests_by_endpoint.gpu_seconds,
        tokens_placed.input_tokens,
        tokens_placed.output_tokens,
        tokens_placed.cached_input_tokens,
        tokens_placed.cache_write_tokens
    from requests_by_endpoint
    full outer join tokens_placed
        on
            {%- for column in key + ['endpoint'] %}
            {{ 'and ' if not loop.first }}requests_by_endpoint.{{ column }}
            is not distinct from tokens_placed.{{ column }}
            {%- endfor %}
            and requests_by_endpoint.modes_of_endpoint = 1
    left join tokens_counted_already
        on
            {%- for column in key + ['endpoint'] %}
            {{ 'and ' if not loop.first }}tokens_placed.{{ column }}
            is not distinct from tokens_counted_already.{{ column }}
            {%- endfor %}

)

select * from side_by_side
