{#- What each driver of a usage feed counts: staging model, quantity and unit. `is_interval`: rows have a start and an
    end and are cut by day. -#}
{% macro driver_feeds() %}
    {{- return({
        'compute_hours': {
            'model': 'stg_usage__compute_hours', 'quantity': 'cpu_core_hours_requested', 'unit': 'Core-Hours',
            'is_interval': true,
        },
        'memory_gib_hours': {
            'model': 'stg_usage__compute_hours', 'quantity': 'memory_gib_hours_requested', 'unit': 'GiB-Hours',
            'is_interval': true,
        },
        'requests': {
            'model': 'stg_usage__inference', 'quantity': 'requests', 'unit': 'Requests', 'is_interval': true,
        },
        'gpu_seconds': {
            'model': 'stg_usage__inference', 'quantity': 'gpu_seconds', 'unit': 'GPU-Seconds', 'is_interval': true,
        },
        'tokens': {
            'model': 'stg_usage__tokens', 'quantity': 'input_tokens + coalesce(output_tokens, 0)', 'unit': 'Tokens',
            'is_interval': true,
        },
        'jobs': {'model': 'stg_usage__jobs', 'quantity': 'quantity', 'unit': 'Jobs', 'is_interval': false},
        'api_calls': {
            'model': 'stg_usage__api_calls', 'quantity': 'quantity', 'unit': 'API Calls', 'is_interval': false,
        },
        'driver': {'model': 'stg_usage__driver', 'quantity': 'quantity', 'unit': none, 'is_interval': false},
        'business_metric': {
            'model': 'stg_usage__business_metric', 'quantity': 'quantity', 'unit': none, 'is_interval': false,
        },
    }) -}}
{% endmacro %}
