-- One row per series and origin: what the month will have cost, with an interval meant to hold four times in five.
-- Reads daily_costs (series_id, charge_date, cost; one row per day, days without cost 0) and forecast_origins (series_id,
-- as_of: the last day that is known). To the known total four rules add the days that are left, each in its own way:
-- 1 the median of the last six weekdays, times the last week's level (three quarters of a change are believed), plus what
--   the same days of the last two months stood out by,
-- 2 and 3 the mean of two weeks without their largest and smallest day, and of eight,
-- 4 last week again.
-- What is new within two weeks goes on as its last three days.
-- The same forecasts are made on nine earlier days for as many days ahead; a rule counts by the fourth power of how near
-- it came there (roots are averaged, so that one odd month does not decide), and not at all where it was three times as
-- far off as the best. The interval is the 80 % quantile of the mixture's errors on those days, times 1.5: nine errors
-- that overlap, of rules that were weighed by them, understate it (development split, 2026-11-22).

with

weekday_medians as (
    select
        series_id,
        charge_date,
        cost,
        median(cost) over same_weekdays as weekday_median,
        -- one odd day in two weeks is no level
        case
            when count(*) over two_weeks > 2
                then (sum(cost) over two_weeks - max(cost) over two_weeks - min(cost) over two_weeks)
                    / (count(*) over two_weeks - 2)
            else avg(cost) over two_weeks
        end as mean_of_two_weeks,
        avg(cost) over three_days as mean_of_three_days,
        -- nine tenths of eight weeks' cost fell within the last two, and before were cents: a burst over a base is not new
        14 * abs(avg(cost) over two_weeks) > 0.9 * 56 * abs(avg(cost) over eight_weeks)
            and abs(median(cost) over eight_weeks) < 0.1 as is_new,
        avg(cost) over four_weeks as recent_mean,
        avg(cost) over eight_weeks as mean_of_eight_weeks,
        avg(case when cost = 0 then 1 else 0 end) over eight_weeks as share_without_cost
    from daily_costs
    window
        same_weekdays as (
            partition by series_id, isodow(charge_date)
            order by charge_date rows between 5 preceding and current row
        ),
        three_days as (
            partition by series_id
            order by charge_date rows between 2 preceding and current row
        ),
        two_weeks as (
            partition by series_id
            order by charge_date rows between 13 preceding and current row
        ),
        four_weeks as (
            partition by series_id
            order by charge_date rows between 27 preceding and current row
        ),
        eight_weeks as (
            partition by series_id
            order by charge_date rows between 55 preceding and current row
        )
),

ratios as (
    select
        *,
        lag(weekday_median) over same_weekday as usual_cost,
        case when abs(usual_cost) > 0.05 * abs(recent_mean) then cost / usual_cost end as ratio
    from weekday_medians
    window same_weekday as (
        partition by series_id, isodow(charge_date)
        order by charge_date
    )
),

levels as (
    select
        *,
        greatest(0.3, least(3, coalesce(median(ratio) over last_week, 1))) as level
    from ratios
    window last_week as (
        partition by series_id
        order by charge_date rows between 6 preceding and current row
    )
),

peaks as (
    select
        *,
        abs(usual_cost * lag(level) over by_day) as size,
        cost - usual_cost * lag(level) over by_day as extra
    from levels
    window by_day as (
        partition by series_id
        order by charge_date
    )
),

months_to_forecast as (
    select
        series_id,
        as_of,
        as_of as asked_for,
        datediff('day', as_of, last_day(as_of)) as days_ahead,
        0 as step
    from forecast_origins
),

backtests as (
    select
        series_id,
        (as_of - cast(days_ahead + 5 * steps.step as integer))::date as as_of,
        asked_for,
        days_ahead,
        steps.step
    from months_to_forecast
    cross join (select unnest(range(0, 9)) + 1 as step) as steps
),

origins as (
    select * from months_to_forecast
    union all
    select * from backtests
),

days_left as (
    select
        origins.series_id,
        origins.asked_for,
        origins.step,
        origins.as_of,
        (origins.as_of + ahead.day::integer)::date as charge_date,
        (origins.as_of + (ahead.day - 7 * ceil(ahead.day / 7))::integer)::date as weekday_before
    from origins
    inner join (select unnest(range(1, 32)) as day) as ahead
        on ahead.day <= origins.days_ahead
),

calendar as (
    select
        *,
        (charge_date - interval 1 month)::date as month_before,
        (charge_date - interval 2 month)::date as two_months_before,
        (last_day(charge_date - interval 1 month) - datediff('day', charge_date, last_day(charge_date))::integer)
            as month_end_before,
        (last_day(charge_date - interval 2 month) - datediff('day', charge_date, last_day(charge_date))::integer)
            as two_month_ends_before
    from days_left
),

stood_out as (
    select
        calendar.*,
        base.weekday_median,
        today.level,
        base.cost as cost_before,
        today.mean_of_two_weeks,
        today.mean_of_three_days,
        today.is_new,
        today.recent_mean,
        today.mean_of_eight_weeks,
        today.share_without_cost,
        case
            when by_number_2.extra is null and by_number_1.extra > 0.5 * by_number_1.size then by_number_1.extra
            when by_number_1.extra > 0.25 * by_number_1.size and by_number_2.extra > 0.25 * by_number_2.size
                then least(by_number_1.extra, by_number_2.extra)
        end as by_number,
        case
            when by_end_2.extra is null and by_end_1.extra > 0.5 * by_end_1.size then by_end_1.extra
            when by_end_1.extra > 0.25 * by_end_1.size and by_end_2.extra > 0.25 * by_end_2.size
                then least(by_end_1.extra, by_end_2.extra)
        end as by_end
    from calendar
    inner join peaks as today
        on calendar.series_id = today.series_id and calendar.as_of = today.charge_date
    inner join peaks as base
        on calendar.series_id = base.series_id and calendar.weekday_before = base.charge_date
    left join peaks as by_number_1
        on
            calendar.series_id = by_number_1.series_id and calendar.month_before = by_number_1.charge_date
            and by_number_1.charge_date <= calendar.as_of
    left join peaks as by_number_2
        on calendar.series_id = by_number_2.series_id and calendar.two_months_before = by_number_2.charge_date
    left join peaks as by_end_1
        on
            calendar.series_id = by_end_1.series_id and calendar.month_end_before = by_end_1.charge_date
            and by_end_1.charge_date <= calendar.as_of
    left join peaks as by_end_2
        on calendar.series_id = by_end_2.series_id and calendar.two_month_ends_before = by_end_2.charge_date
),

daily_forecasts as (
    select
        series_id,
        asked_for,
        step,
        as_of,
        charge_date,
        case
            when is_new then mean_of_three_days
            when share_without_cost > 0.3 then recent_mean
            else weekday_median * power(level, 0.75) + coalesce(greatest(by_number, by_end), by_number, by_end, 0)
        end as by_weekday,
        case when is_new then mean_of_three_days else mean_of_two_weeks end as mean_of_two_weeks,
        case when is_new then mean_of_three_days else mean_of_eight_weeks end as mean_of_eight_weeks,
        case when is_new then mean_of_three_days else cost_before end as cost_before
    from stood_out
),

rests as (
    select
        daily_forecasts.series_id,
        daily_forecasts.asked_for,
        daily_forecasts.step,
        sum(daily_forecasts.by_weekday) as by_weekday,
        sum(daily_forecasts.mean_of_two_weeks) as two_weeks,
        sum(daily_forecasts.mean_of_eight_weeks) as eight_weeks,
        sum(daily_forecasts.cost_before) as last_week,
        sum(abs(daily_forecasts.by_weekday)) as size,
        sum(actual.cost) as actual_rest
    from daily_forecasts
    left join daily_costs as actual
        on daily_forecasts.series_id = actual.series_id and daily_forecasts.charge_date = actual.charge_date
    group by 1, 2, 3
),

rests_by_rule as (
    select
        series_id,
        asked_for,
        step,
        size,
        actual_rest,
        unnest([1, 2, 3, 4]) as rule,
        unnest([by_weekday, two_weeks, eight_weeks, last_week]) as forecast_rest
    from rests
),

errors_by_rule as (
    select
        series_id,
        asked_for,
        rule,
        power(avg(sqrt(abs(actual_rest - forecast_rest) / nullif(size, 0))), 2) as error
    from rests_by_rule
    where step > 0 and actual_rest is not null
    group by 1, 2, 3
),

nearness as (
    select
        series_id,
        asked_for,
        rule,
        (min(error) over (partition by series_id, asked_for) + 0.0001) / (error + 0.0001) as nearness
    from errors_by_rule
),

weights as (
    select
        series_id,
        asked_for,
        rule,
        case when nearness > 0.3 then power(nearness, 4) when nearness <= 0.3 then 0 end as weight
    from nearness
),

mixtures as (
    select
        rests_by_rule.series_id,
        rests_by_rule.asked_for,
        rests_by_rule.step,
        any_value(rests_by_rule.size) as size,
        any_value(rests_by_rule.actual_rest) as actual_rest,
        coalesce(
            sum(weights.weight * rests_by_rule.forecast_rest) / sum(weights.weight),
            max(case when rests_by_rule.rule = 1 then rests_by_rule.forecast_rest end)
        ) as forecast_rest
    from rests_by_rule
    left join weights
        on
            rests_by_rule.series_id = weights.series_id
            and rests_by_rule.asked_for = weights.asked_for
            and rests_by_rule.rule = weights.rule
    group by 1, 2, 3
),

errors as (
    select
        series_id,
        asked_for,
        quantile_cont(abs(actual_rest - forecast_rest) / nullif(size, 0), 0.8) as usual_error,
        count(*) as backtests
    from mixtures
    where step > 0 and actual_rest is not null
    group by 1, 2
),

known as (
    select
        forecast_origins.series_id,
        forecast_origins.as_of,
        sum(daily_costs.cost) as known_cost
    from forecast_origins
    inner join daily_costs
        on
            forecast_origins.series_id = daily_costs.series_id
            and daily_costs.charge_date between date_trunc('month', forecast_origins.as_of) and forecast_origins.as_of
    group by 1, 2
),

forecasts as (
    select
        known.series_id,
        known.as_of,
        known.known_cost,
        known.known_cost + coalesce(mixtures.forecast_rest, 0) as forecast_cost,
        coalesce(mixtures.size, 0) * coalesce(errors.usual_error, 0.3) * 1.5 as half_width,
        coalesce(errors.backtests, 0) as backtests
    from known
    left join mixtures
        on known.series_id = mixtures.series_id and known.as_of = mixtures.asked_for and mixtures.step = 0
    left join errors
        on known.series_id = errors.series_id and known.as_of = errors.asked_for
),

bounded as (
    select
        series_id,
        as_of,
        known_cost,
        forecast_cost,
        forecast_cost - half_width as forecast_lower,
        forecast_cost + half_width as forecast_upper,
        backtests
    from forecasts
)

select * from bounded
