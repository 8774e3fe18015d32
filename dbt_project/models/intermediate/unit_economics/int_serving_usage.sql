-- What was asked of models: the inference and the token feeds side by side, one row per day, model, version,
-- environment, team, workload, endpoint and serving mode. Nothing is known of cost here.
{%- set key = ['usage_date', 'model_name', 'model_version', 'environment', 'team', 'workload'] %}
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

endpoints_of_requests as (

    select
        {{ key | join(',\n        ') }},
        count(distinct endpoint) as endpoints,
        max(endpoint) as endpoint,
        max(case when endpoint is null then 1 else 0 end) = 1 as has_requests_without_endpoint
    from requests_by_endpoint
    group by
        {{ key | join(',\n        ') }}

),

-- requests decide which endpoints there are: tokens that name none are the only one's
tokens_placed as (

    select
        tokens_by_day.* replace (
            case
                when endpoints_of_requests.endpoints = 0 then null
                when
                    endpoints_of_requests.endpoints = 1
                    and not endpoints_of_requests.has_requests_without_endpoint
                    then coalesce(tokens_by_day.endpoint, endpoints_of_requests.endpoint)
                else tokens_by_day.endpoint
            end as endpoint
        )
    from tokens_by_day
    left join endpoints_of_requests
        on
            {%- for column in key %}
            {{ 'and ' if not loop.first }}tokens_by_day.{{ column }}
            is not distinct from endpoints_of_requests.{{ column }}
            {%- endfor %}

),

tokens_by_endpoint as (

    select
        {{ key | join(',\n        ') }},
        endpoint,
        {%- for measure in token_measures %}
        sum({{ measure }}) as {{ 'token_' if measure == 'requests' }}{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from tokens_placed
    group by
        {{ key | join(',\n        ') }},
        endpoint

),

-- tokens stand beside the requests of their endpoint; in a row of their own where it answers in several modes
side_by_side as (

    select
        {%- for column in key + ['endpoint'] %}
        coalesce(requests_by_endpoint.{{ column }}, tokens_by_endpoint.{{ column }}) as {{ column }},
        {%- endfor %}
        requests_by_endpoint.serving_mode,
        requests_by_endpoint.requests,
        tokens_by_endpoint.token_requests,
        requests_by_endpoint.failed_requests,
        requests_by_endpoint.retried_requests,
        requests_by_endpoint.cached_requests,
        requests_by_endpoint.gpu_seconds,
        tokens_by_endpoint.input_tokens,
        tokens_by_endpoint.output_tokens,
        tokens_by_endpoint.cached_input_tokens,
        tokens_by_endpoint.cache_write_tokens,
        requests_by_endpoint.usage_date is not null as has_requests
    from requests_by_endpoint
    full outer join tokens_by_endpoint
        on
            {%- for column in key + ['endpoint'] %}
            {{ 'and ' if not loop.first }}requests_by_endpoint.{{ column }}
            is not distinct from tokens_by_endpoint.{{ column }}
            {%- endfor %}
            and requests_by_endpoint.modes_of_endpoint = 1

),

-- both feeds may count the same requests: the tokens' count is read only for what the other feed does not know
counted_once as (

    select
        * exclude (token_requests, has_requests) replace (
            case
                when has_requests then requests
                when max(case when has_requests then 1 else 0 end) over keys = 0 then token_requests
                when
                    endpoint is not null
                    and max(case when has_requests then 1 else 0 end) over endpoints = 0
                    and max(case when has_requests and endpoint is null then 1 else 0 end) over keys = 0
                    then token_requests
            end as requests
        )
    from side_by_side
    window
        keys as (partition by {{ key | join(', ') }}),
        endpoints as (partition by {{ key | join(', ') }}, endpoint)

)

select * from counted_once
