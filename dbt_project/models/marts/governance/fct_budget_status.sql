-- How each budget stands on each day: what is spent, what the period will have cost, when the amount is used up.
-- The rest of the month is the measured forecast. A day of a later month of the quarter or year costs what a day of
-- this month will have cost and one of the last eight weeks did, half and half: a monthly fee comes once a month
-- (`python -m benchmarks.forecast` measures three to nine months). The interval widens with the days after the month.
with budgets as (

    select * from {{ landed(source('raw', 'budgets')) }}

),

daily_costs as (

    select * from {{ ref('int_budget_costs_by_day') }}

),

forecasts as (

    select * from {{ ref('int_budget_forecasts') }}

),

days_so_far as (

    select
        *,
        sum(cost) over (
            partition by budget_key, date_trunc('month', charge_date)
            order by charge_date
        ) as cost_of_month,
        avg(case when charge_date >= first_cost_date then cast(cost as double) end) over (
            partition by budget_key
            order by charge_date rows between 55 preceding and current row
        ) as mean_of_eight_weeks,
        min(charge_date) over () as first_day
    from daily_costs

),

periods as (

    select
        days_so_far.*,
        budgets.period_kind,
        calendar.fiscal_offset_months,
        budgets.is_published,
        budgets.billing_currency,
        cast(
            date_trunc(budgets.period_kind, {{ fiscal_month_start('calendar', 'days_so_far.charge_date') }}) as date
        ) as fiscal_start,
        cast(fiscal_start + calendar.fiscal_offset_months * interval 1 month as date) as period_start,
        last_day(
            period_start
            + case budgets.period_kind
                when 'year' then interval 11 month
                when 'quarter' then interval 2 month
                else interval 0 month
            end
        ) as period_end
    from days_so_far
    inner join budgets
        on days_so_far.budget_key = budgets.budget_key
    cross join {{ fiscal_year() }} as calendar

),

to_date as (

    select
        *,
        sum(cost) over period_to_date as actual_to_date,
        max(uncounted) over period_to_date as has_uncounted,
        {{ days_between('charge_date', 'period_end') }} as days_left,
        {{ days_between('last_day(charge_date)', 'period_end') }} as days_after_month
    from periods
    window period_to_date as (
        partition by budget_key, period_start
        order by charge_date
    )

),

with_forecast as (

    select
        to_date.*,
        case
            when to_date.has_uncounted = 1 then 'cost in another currency, or without a rate, is not in the sum'
            when to_date.first_cost_date is null then 'no cost yet: nothing so far is what it selects'
            when to_date.period_start < to_date.first_day and to_date.days_left > 0
                then 'the ledger begins within this period: its first days are unknown'
            when to_date.period_start < to_date.first_day then 'the first days of this period are unknown'
            when to_date.days_left > 0 and forecasts.budget_key is null
                then 'less than 28 days of cost to forecast from'
        end as reason,
        case
            when to_date.days_left = 0 then to_date.actual_to_date
            else cast(
                to_date.actual_to_date + forecasts.rest_of_month
                + cast(
                    (
                        cast(to_date.cost_of_month + forecasts.rest_of_month as double)
                        / day(last_day(to_date.charge_date))
                        + to_date.mean_of_eight_weeks
                    ) / 2 * to_date.days_after_month as decimal(38, 2)
                )
                as {{ money_type() }}
            )
        end as forecast_if_known,
        forecasts.half_width,
        -- how far off, as a part of it, the newest forecast of two weeks or more is: what the last days of a month are
        -- missed by tells nothing of the months after it
        last_value(
            case
                when {{ days_between('to_date.charge_date', 'last_day(to_date.charge_date)') }} >= 14
                    then cast(forecasts.half_width as double) / nullif(abs(cast(forecasts.rest_of_month as double)), 0)
            end ignore nulls
        ) over (
            partition by to_date.budget_key
            order by to_date.charge_date
        ) as error_of_weeks
    from to_date
    left join forecasts
        on
            to_date.budget_key = forecasts.budget_key
            and to_date.charge_date = forecasts.as_of

),

bounded as (

    select
        *,
        case when reason is null then forecast_if_known end as forecast,
        case
            when reason is not null then null
            when days_left = 0 then 0
            when days_after_month = 0 then half_width
            else cast(
                abs(cast(forecast_if_known - actual_to_date as double))
                * error_of_weeks * (1 + days_after_month / 80.0) as decimal(38, 2)
            )
        end as forecast_error
    from with_forecast

),

measured as (

    select
        budgets.budget,
        budgets.owner,
        case
            when bounded.period_kind = 'month' then {{ month_of('bounded.charge_date') }}
            else {{ fiscal_period('bounded', 'bounded.period_kind', 'bounded.fiscal_start') }}
        end as period,
        bounded.budget_key,
        bounded.period_kind,
        bounded.period_start,
        bounded.period_end,
        budgets.cost_basis,
        bounded.billing_currency,
        budgets.actual_thresholds,
        budgets.forecast_thresholds,
        bounded.reason,
        -- a share of the total is a share of what the total is forecast to be; credits may leave nothing to share
        cast(coalesce(
            budgets.amount,
            case
                when totals.forecast > 0
                    then nullif(
                        cast(
                            cast(totals.forecast as double) * cast(budgets.percent_of_total as double) / 100
                            as decimal(38, 2)
                        ), 0
                    )
            end
        ) as {{ money_type() }}) as budget_amount,
        bounded.actual_to_date,
        bounded.forecast,
        cast(bounded.forecast - bounded.forecast_error as {{ money_type() }}) as forecast_lower,
        cast(bounded.forecast + bounded.forecast_error as {{ money_type() }}) as forecast_upper,
        bounded.days_left,
        bounded.charge_date as as_of
    from bounded
    inner join budgets
        on bounded.budget_key = budgets.budget_key
    left join bounded as totals
        on
            budgets.total_key = totals.budget_key
            and bounded.charge_date = totals.charge_date
    where
        budgets.is_published
        and bounded.charge_date >= coalesce(budgets.valid_from, bounded.charge_date)
        and (budgets.valid_to is null or bounded.charge_date < budgets.valid_to)

),

compared as (

    select
        *,
        round(cast(actual_to_date as double) / cast(budget_amount as double) * 100, 4) as actual_percent,
        round(cast(forecast as double) / cast(budget_amount as double) * 100, 4) as forecast_percent,
        min(case when actual_to_date > budget_amount then as_of end) over (
            partition by budget_key, period_start
            order by as_of
        ) as ran_out_on
    from measured

),

judged as (

    select
        *,
        list_max(list_filter(actual_thresholds, lambda threshold: actual_percent > threshold))
            as actual_threshold_passed,
        list_max(list_filter(forecast_thresholds, lambda threshold: forecast_percent > threshold))
            as forecast_threshold_passed,
        case
            when actual_to_date > budget_amount then ran_out_on
            when forecast > budget_amount
                then as_of + cast(ceil(
                    cast(budget_amount - actual_to_date as double) / cast(forecast - actual_to_date as double)
                    * days_left
                ) as integer)
        end as runs_out_on
    from compared

)

select
    judged.budget,
    judged.owner,
    judged.period,
    judged.period_kind,
    judged.period_start,
    judged.period_end,
    judged.cost_basis,
    judged.billing_currency,
    case
        when judged.actual_to_date > judged.budget_amount then 'over_budget'
        when judged.forecast > judged.budget_amount then 'forecast_over_budget'
        when coalesce(judged.actual_threshold_passed, judged.forecast_threshold_passed) is not null
            then 'threshold_passed'
        when judged.reason is not null or judged.budget_amount is null then 'unknown'
        else 'on_track'
    end as status,
    coalesce(
        judged.reason,
        case
            when judged.budget_amount is null
                then 'the forecast of the total, of which it is a share, is not known or not above 0'
            when judged.forecast_lower is null
                then 'no interval yet: too few earlier forecasts can be held against what came'
        end
    ) as reason,
    judged.budget_amount,
    judged.actual_to_date,
    judged.forecast,
    judged.forecast_lower,
    judged.forecast_upper,
    cast(judged.actual_percent as decimal(18, 4)) as actual_percent,
    cast(judged.forecast_percent as decimal(18, 4)) as forecast_percent,
    cast(judged.forecast_percent - 100 as decimal(18, 4)) as variance_percent,
    judged.actual_threshold_passed,
    judged.forecast_threshold_passed,
    {{ reporting_columns('judged', ['budget_amount', 'actual_to_date', 'forecast'], 'as_of') }},
    judged.runs_out_on,
    judged.as_of
from judged
cross join {{ reporting_settings() }} as settings
