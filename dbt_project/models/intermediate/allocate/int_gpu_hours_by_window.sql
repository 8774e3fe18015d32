-- Telemetry summed to the windows that charges take their driver over: days, and months and hours where a charge needs
-- one.
{%- set place_columns = ['place_id', 'cluster', 'node', 'node_pool', 'gpu_model', 'capacity_type'] %}

with gpu_hours as (

    select * from {{ ref('int_gpu_hours_by_workload') }}

),

windows as (

    select distinct
        window_kind,
        driver_window
    from {{ ref('int_gpu_machines') }}

),

gpu_hours_in_windows as (

    select
        windows.window_kind,
        windows.driver_window,
        gpu_hours.*
    from gpu_hours
    inner join windows
        on cast(gpu_hours.usage_date as string) = windows.driver_window
    union all
    select
        windows.window_kind,
        windows.driver_window,
        gpu_hours.*
    from gpu_hours
    inner join windows
        on {{ month_of('gpu_hours.usage_date') }} = windows.driver_window
    {%- if gpu_rules_by_the_hour() %}
    union all
    select
        windows.window_kind,
        windows.driver_window,
        gpu_hours.*
    from gpu_hours
    inner join windows
        on {{ hour_window('gpu_hours.usage_hour') }} = windows.driver_window
    {%- endif %}

),

gpu_hours_by_window as (

    select
        window_kind,
        driver_window,
        {{ place_columns | join(',\n        ') }},
        basis,
        consumer_key,
        {{ millionths('sum(gpu_hours)') }} as micro_gpu_hours
    from gpu_hours_in_windows
    group by
        window_kind,
        driver_window,
        {{ place_columns | join(',\n        ') }},
        basis,
        consumer_key

)

select * from gpu_hours_by_window
