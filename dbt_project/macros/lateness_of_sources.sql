{# The CTEs of `int_daily_series` that tell how late each source's feed is: `lateness`.
   They read its `charges` and `deliveries`. #}
{% macro lateness_of_sources() %}
-- what a month's delivery of some morning lacked of the days before it, once they were known: the feed's lateness
costs_by_period_and_day as (

    select
        source_name,
        billing_period,
        charge_date,
        sum(cost) as cost
    from charges
    group by source_name, billing_period, charge_date

),

mornings as (

    select
        deliveries.source_name,
        deliveries.billing_period,
        deliveries.delivered_on,
        max_by(totals.total.raw_cost, coalesce(deliveries.submitted_at, deliveries.seen_at)) as delivered_cost
    from deliveries
    cross join unnest(deliveries.totals) as totals (total)
    where totals.total.cost_basis = 'effective'
    group by deliveries.source_name, deliveries.billing_period, deliveries.delivered_on
    having count(distinct totals.total.billing_currency) = 1

),

lacking as (

    select
        mornings.source_name,
        mornings.delivered_on,
        sum(days.cost) - any_value(mornings.delivered_cost) as lacking_cost,
        coalesce(sum(days.cost) filter (days.charge_date = mornings.delivered_on - 1), 0) as first_day_cost,
        coalesce(sum(days.cost) filter (days.charge_date = mornings.delivered_on - 2), 0) as second_day_cost
    from mornings
    inner join costs_by_period_and_day as days
        on
            mornings.source_name = days.source_name
            and mornings.billing_period = days.billing_period
            and mornings.delivered_on > days.charge_date
    where mornings.billing_period = {{ month_of('mornings.delivered_on - 1') }}
    group by mornings.source_name, mornings.delivered_on

),

-- the newest day is taken to lack first; more than two days' worth is no lateness but a restatement
lateness as (

    select
        source_name,
        delivered_on,
        greatest(0, 1 - lacking_cost / nullif(first_day_cost, 0)) as first_share,
        least(1, 1 - (lacking_cost - first_day_cost) / nullif(second_day_cost, 0)) as second_share
    from lacking
    where lacking_cost between 0 and first_day_cost + second_day_cost

)
{% endmacro %}
