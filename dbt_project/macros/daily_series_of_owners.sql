{# The CTEs of `int_daily_series` that tell who used it, day by day: `consumer_series`, `cluster_series` and
   `untagged_series`. They read its `allocations` and `sources`. #}
{% macro daily_series_of_owners() %}
allocations_by_day as (

    select allocations.*
    from allocations
    inner join sources
        on allocations.source_name = sources.source_name
    where allocations.charge_date <= sources.last_day

),

consumer_series as (

    select
        case
            when grouping(team) = 0 then 'team'
            when grouping(project) = 0 then 'project'
            when grouping(model_name) = 0 then 'model'
            else 'dataset'
        end as scope,
        coalesce(team, project, model_name, dataset) as entity,
        billing_currency,
        charge_date,
        sum(cost) as cost
    from allocations_by_day
    group by grouping sets (
        (team, billing_currency, charge_date),
        (project, billing_currency, charge_date),
        (model_name, billing_currency, charge_date),
        (dataset, billing_currency, charge_date)
    )
    having coalesce(team, project, model_name, dataset) is not null

),

cluster_series as (

    select
        cluster as entity,
        billing_currency,
        charge_date,
        sum(cost) as cost,
        sum(gpu_hours) as gpu_hours,
        sum(cost) filter (is_idle) as idle_cost
    from allocations_by_day
    where cluster is not null
    group by cluster, billing_currency, charge_date
    having sum(gpu_hours) is not null

),

untagged_series as (

    select
        provider_name as entity,
        billing_currency,
        charge_date,
        sum(cost) as cost,
        sum(cost) filter (is_unallocated) as untagged_cost
    from allocations_by_day
    group by provider_name, billing_currency, charge_date

)
{% endmacro %}
