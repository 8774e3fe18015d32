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
        count(*) over (partition by {{ key | join(', ') }}) as endpoints_of_key,
        count(*) over (partition by {{ key | join(', ') }}, endpoint) as modes_of_endpoint
    from inference_by_day
    group by
        {{ key | join(',\n        ') }},
        endpoint,
        serving_mode

),

tokens_by_endpoint as (

    select
        {{ key | join(',\n        ') }},
        endpoint,
        {%- for measure in token_measures %}
        sum({{ measure }}) as {{ 'token_' if measure == 'requests' }}{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from tokens_by_day
    group by
        {{ key | join(',\n        ') }},
        endpoint

),

-- tokens stand beside the requests of their endpoint, or of the only endpoint there is; else in a row of their own
side_by_side as (

    select
        {%- for column in key + ['endpoint'] %}
        coalesce(requests_by_endpoint.{{ column }}, tokens_by_endpoint.{{ column }}) as {{ column }},
        {%- endfor %}
        requests_by_endpoint.serving_mode,
        coalesce(requests_by_endpoint.requests, tokens_by_endpoint.token_requests) as requests,
        requests_by_endpoint.failed_requests,
        requests_by_endpoint.retried_requests,
        requests_by_endpoint.cached_requests,
        requests_by_endpoint.gpu_seconds,
        tokens_by_endpoint.input_tokens,
        tokens_by_endpoint.output_tokens,
        tokens_by_endpoint.cached_input_tokens,
        tokens_by_endpoint.cache_write_tokens
    from requests_by_endpoint
    full outer join tokens_by_endpoint
        on
            {%- for column in key %}
            {{ 'and ' if not loop.first }}requests_by_endpoint.{{ column }}
            is not distinct from tokens_by_endpoint.{{ column }}
            {%- endfor %}
            and requests_by_endpoint.modes_of_endpoint = 1
            and (
                requests_by_endpoint.endpoint is not distinct from tokens_by_endpoint.endpoint
                or (tokens_by_endpoint.endpoint is null and requests_by_endpoint.endpoints_of_key = 1)
            )

)

select * from side_by_side
