-- One row per series and origin: what the month will have cost, with an interval meant to hold four times in five.
-- Reads daily_costs (series_id, charge_date, cost; one row per day, days without cost 0) and forecast_origins
-- (series_id, as_of: the last day that is known). To the known total five rules add the days that are left:
-- 1 the mean of the last week,
-- 2 the median of the last six same weekdays,
-- 3 the level of the last week, by what each weekday usually is of it,
-- 4 the same, going on with the trend of the last six weeks, which fades by a twentieth a day,
-- 5 the mean of half a year: what bursts comes back to it.
-- Rules 1 to 4 see days without what came back from the month before, and add what is to come back: fees on a day of
-- the month, bookings at its end. What begins after six weeks of next to nothing is a series of its own from its third
-- day on.
-- The same forecasts are made on nineteen earlier days for as many days ahead; a rule counts by the fourth power of how
-- near it came there, and not at all where it was three times as far off as the best, so that what is regular is
-- forecast exactly. The interval is the 80 % quantile of the mixture's errors on those days, times 1.35: errors that
-- overlap, of rules that were weighed by them, understate it (development split and worlds b, c, d, 2026-11-22).
-- No forecast sees more than 400 days, which int_budget_forecasts relies on.

with

beginnings as (
    select
        series_id,
        charge_date,
        cost,
        sum(cost) over by_day as cost_so_far,
        sum(cost) over by_month as known_cost,
        count(*) over six_weeks_before = 42
        and abs(cost) > 0.01
        and least(abs(cost), abs(lag(cost) over by_day), abs(lag(cost, 2) over by_day))
        > 100 * max(abs(cost)) over six_weeks_before as is_beginning
    from daily_costs
    window
        by_day as (
            partition by series_id
            order by charge_date
        ),
        by_month as (
            partition by series_id, date_trunc('month', charge_date)
            order by charge_date
        ),
        six_weeks_before as (
            partition by series_id
            order by charge_date rows between 44 preceding and 3 preceding
        )
),

lives as (
    select
        * exclude (is_beginning),
        isodow(charge_date) as weekday,
        count(case when is_beginning then 1 end) over (
            partition by series_id
            order by charge_date
        ) as life
    from beginnings
),

weekday_medians as (
    select
        *,
        median(cost) over same_weekdays as weekday_median,
        avg(cost) over four_weeks as mean_of_four_weeks,
        avg(cost) over half_a_year as mean_of_half_a_year
    from lives
    window
        same_weekdays as (
            partition by series_id, life, weekday
            order by charge_date rows between 5 preceding and current row
        ),
        four_weeks as (
            partition by series_id, life
            order by charge_date rows between 27 preceding and current row
        ),
        half_a_year as (
            partition by series_id, life
            order by charge_date rows between 181 preceding and current row
        )
),

ratios as (
    select
        * exclude (weekday_median, mean_of_four_weeks),
        lag(weekday_median) over same_weekday as usual_cost,
        case when abs(usual_cost) > 0.05 * abs(mean_of_four_weeks) then cost / usual_cost end as ratio
    from weekday_medians
    window same_weekday as (
        partition by series_id, life, weekday
        order by charge_date
    )
),

ratios_of_the_week as (
    select
        *,
        greatest(0.3, least(3, coalesce(median(ratio) over last_week, 1))) as ratio_of_the_week
    from ratios
    window last_week as (
        partition by series_id, life
        order by charge_date rows between 6 preceding and current row
    )
),

peaks as (
    select
        *,
        usual_cost * lag(ratio_of_the_week) over by_day as expected_cost,
        cost - expected_cost as extra,
        extra > 0.25 * abs(expected_cost) as stands_out
    from ratios_of_the_week
    window by_day as (
        partition by series_id, life
        order by charge_date
    )
),

-- the known days and those that may be asked for, each with the days of the two months before that may say what comes
calendar as (
    select
        series_id,
        charge_date
    from daily_costs
    union all
    select
        series_id,
        (max(charge_date) + ahead.day::integer)::date as charge_date
    from daily_costs
    cross join (select unnest(range(1, 32)) as day) as ahead
    group by series_id, ahead.day
),

months_before as (
    select
        *,
        (charge_date - interval 1 month)::date as month_before,
        (charge_date - interval 2 month)::date as two_months_before,
        last_day(charge_date - interval 1 month) - datediff('day', charge_date, last_day(charge_date))::integer
            as month_end_before,
        last_day(charge_date - interval 2 month) - datediff('day', charge_date, last_day(charge_date))::integer
            as two_month_ends_before
    from calendar
),

recurring as (
    select
        months_before.series_id,
        months_before.charge_date,
        by_number_1.stands_out or by_end_1.stands_out as stood_out,
        greatest(by_number_1.charge_date, by_end_1.charge_date) as known_since,
        case
            when by_number_2.extra is null and by_number_1.extra > 0.5 * abs(by_number_1.expected_cost)
                then by_number_1.extra
            when by_number_1.stands_out and by_number_2.stands_out then least(by_number_1.extra, by_number_2.extra)
        end as by_number,
        case
            when by_end_2.extra is null and by_end_1.extra > 0.5 * abs(by_end_1.expected_cost) then by_end_1.extra
            when by_end_1.stands_out and by_end_2.stands_out then least(by_end_1.extra, by_end_2.extra)
        end as by_end,
        coalesce(greatest(by_number, by_end), 0) as extra
    from months_before
    left join peaks as by_number_1
        on months_before.series_id = by_number_1.series_id and months_before.month_before = by_number_1.charge_date
    left join peaks as by_number_2
        on months_before.series_id = by_number_2.series_id and months_before.two_months_before = by_number_2.charge_date
    left join peaks as by_end_1
        on months_before.series_id = by_end_1.series_id and months_before.month_end_before = by_end_1.charge_date
    left join peaks as by_end_2
        on
            months_before.series_id = by_end_2.series_id
            and months_before.two_month_ends_before = by_end_2.charge_date
),

without_recurring as (
    select
        peaks.* exclude (cost, usual_cost, ratio, ratio_of_the_week, expected_cost, extra, stands_out),
        case when peaks.stands_out and recurring.stood_out then peaks.expected_cost else peaks.cost end as cost
    from peaks
    left join recurring
        on peaks.series_id = recurring.series_id and peaks.charge_date = recurring.charge_date
),

weeks as (
    select
        *,
        avg(cost) over last_week as mean_of_week,
        median(cost) over same_weekdays as usual_cost
    from without_recurring
    window
        last_week as (
            partition by series_id, life
            order by charge_date rows between 6 preceding and current row
        ),
        same_weekdays as (
            partition by series_id, life, weekday
            order by charge_date rows between 5 preceding and current row
        )
),

profiles as (
    select
        *,
        -- of a week without cost a weekday is no part
        greatest(0, least(5, coalesce(
            median(case when abs(mean_of_week) > 0.000001 then cost / mean_of_week end) over eight_weeks, 1
        ))) as part_of_mean
    from weeks
    window eight_weeks as (
        partition by series_id, life, weekday
        order by charge_date rows between 7 preceding and current row
    )
),

levels as (
    select
        *,
        coalesce(median(case when part_of_mean > 0.05 then cost / part_of_mean end) over last_week, 0) as level
    from profiles
    window last_week as (
        partition by series_id, life
        order by charge_date rows between 6 preceding and current row
    )
),

changes as (
    select
        *,
        level - lag(level) over same_weekday as change
    from levels
    window same_weekday as (
        partition by series_id, life, weekday
        order by charge_date
    )
),

known_days as (
    select
        *,
        coalesce(median(change) over six_weeks, 0) / 7 as trend
    from changes
    window six_weeks as (
        partition by series_id, life, weekday
        order by charge_date rows between 5 preceding and current row
    )
),

asked_for as (
    select
        forecast_origins.series_id,
        forecast_origins.as_of as asked_for,
        known_days.life,
        known_days.known_cost,
        datediff('day', forecast_origins.as_of, last_day(forecast_origins.as_of)) as days_ahead
    from forecast_origins
    inner join known_days
        on forecast_origins.series_id = known_days.series_id and forecast_origins.as_of = known_days.charge_date
),

-- step 0 is the forecast, the others are what would have been said before
-- (materialized: else the steps are joined last, after every origin with every day)
steps_back as materialized (
    select
        asked_for.*,
        steps.step,
        case
            when steps.step = 0 then asked_for.asked_for
            else (asked_for.asked_for - (asked_for.days_ahead + 5 * (steps.step - 1))::integer)::date
        end as as_of,
        (as_of + asked_for.days_ahead::integer)::date as last_day_ahead
    from asked_for
    cross join (select unnest(range(0, 20)) as step) as steps
    where asked_for.days_ahead > 0
),

origins as (
    select
        steps_back.*,
        today.mean_of_week,
        today.mean_of_half_a_year,
        today.level,
        today.trend,
        month_end.cost_so_far - today.cost_so_far as actual_rest
    from steps_back
    inner join known_days as today
        on
            steps_back.series_id = today.series_id
            and steps_back.life = today.life
            and steps_back.as_of = today.charge_date
    left join known_days as month_end
        on
            steps_back.series_id = month_end.series_id
            and steps_back.last_day_ahead = month_end.charge_date
            and steps_back.step > 0
),

days_left as (
    select
        origins.*,
        ahead.day as day_ahead,
        (origins.as_of + ahead.day::integer)::date as charge_date,
        (origins.as_of + (ahead.day - 7 * ceil(ahead.day / 7))::integer)::date as weekday_before
    from origins
    inner join (select unnest(range(1, 32)) as day) as ahead
        on ahead.day <= origins.days_ahead
),

-- a day whose weekday is not known yet is an average one
sums_of_days as (
    select
        days_left.series_id,
        days_left.asked_for,
        days_left.step,
        any_value(days_left.actual_rest) as actual_rest,
        sum(days_left.mean_of_week) as by_week,
        sum(coalesce(weekdays.usual_cost, days_left.mean_of_week)) as by_weekday,
        sum(days_left.level * coalesce(weekdays.part_of_mean, 1)) as by_level,
        -- 0.95 + 0.95 ^ 2 + ... of the trend
        sum(
            days_left.trend * 19 * (1 - power(0.95, days_left.day_ahead)) * coalesce(weekdays.part_of_mean, 1)
        ) as of_trend,
        sum(days_left.mean_of_half_a_year) as by_half_a_year,
        coalesce(sum(recurring.extra), 0) as extra
    from days_left
    left join known_days as weekdays
        on
            days_left.series_id = weekdays.series_id
            and days_left.life = weekdays.life
            and days_left.weekday_before = weekdays.charge_date
    left join recurring
        on
            days_left.series_id = recurring.series_id
            and days_left.charge_date = recurring.charge_date
            and days_left.as_of >= recurring.known_since
    group by 1, 2, 3
),

rests as (
    select
        series_id,
        asked_for,
        step,
        actual_rest,
        unnest(range(1, 6)) as rule,
        unnest([
            by_week + extra,
            by_weekday + extra,
            by_level + extra,
            by_level + of_trend + extra,
            by_half_a_year
        ]) as forecast_rest
    from sums_of_days
),

errors_by_rule as (
    select
        series_id,
        asked_for,
        rule,
        -- roots are averaged, so that one odd month does not decide
        power(avg(sqrt(abs(actual_rest - forecast_rest))), 2) as error,
        power(avg(sqrt(abs(actual_rest))), 2) as size
    from rests
    where step > 0
    group by 1, 2, 3
),

nearness as (
    select
        series_id,
        asked_for,
        rule,
        (min(error) over (partition by series_id, asked_for) + 0.0001 * size) / nullif(error + 0.0001 * size, 0)
            as nearness
    from errors_by_rule
),

weights as (
    select
        series_id,
        asked_for,
        rule,
        case when nearness > 0.3 then power(nearness, 4) when nearness <= 0.3 then 0 else 1 end as weight
    from nearness
),

mixtures as (
    select
        rests.series_id,
        rests.asked_for,
        rests.step,
        any_value(rests.actual_rest) as actual_rest,
        -- without a day to try the rules on, as the last week was
        coalesce(
            sum(weights.weight * rests.forecast_rest) / sum(weights.weight),
            max(case when rests.rule = 1 then rests.forecast_rest end)
        ) as forecast_rest
    from rests
    left join weights
        on
            rests.series_id = weights.series_id
            and rests.asked_for = weights.asked_for
            and rests.rule = weights.rule
    group by 1, 2, 3
),

errors as (
    select
        series_id,
        asked_for,
        quantile_cont(abs(actual_rest - forecast_rest), 0.8) as usual_error,
        count(*) as backtests
    from mixtures
    where step > 0
    group by 1, 2
),

forecasts as (
    select
        asked_for.series_id,
        asked_for.asked_for as as_of,
        asked_for.known_cost,
        asked_for.known_cost + coalesce(mixtures.forecast_rest, 0) as forecast_cost,
        1.35 * coalesce(errors.usual_error, 0.3 * abs(mixtures.forecast_rest), 0) as half_width,
        coalesce(errors.backtests, 0) as backtests
    from asked_for
    left join mixtures
        on asked_for.series_id = mixtures.series_id and asked_for.asked_for = mixtures.asked_for and mixtures.step = 0
    left join errors
        on asked_for.series_id = errors.series_id and asked_for.asked_for = errors.asked_for
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
