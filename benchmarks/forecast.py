"""Month-end forecasts of a bench split beside simple rules: error of the month's total, made on day 5, 10, 15 and 20.

Usage: python -m benchmarks.forecast SPLIT_DIR

Every full month after the first eight weeks of each series is forecast; what is known is final. WAPE is the sum of
errors over the sum of totals, MAPE the mean of errors over their total; coverage is how often the total lay in the
interval. Months that a planted anomaly touches cannot be known beforehand: "without anomalies" leaves them out.
"""

import sys
from pathlib import Path

import duckdb

from finops_pipeline.detect.forecast import FORECAST_SQL

DAYS = (5, 10, 15, 20)
MONTHS = (3, 6, 9)
"""Of quarters and years; a series of thirteen months has few of nine."""

DAILY = """
create table daily_costs as
with spans as (
    select series_id, min(date)::date as first_day, max(date)::date as last_day from read_parquet($series) group by 1
),
days as (select series_id, unnest(generate_series(first_day, last_day, interval 1 day))::date as charge_date from
spans),
costs as (select series_id, date::date as charge_date, sum(cost) as cost from read_parquet($series) group by 1, 2)
select series_id, charge_date, coalesce(cost, 0) as cost from days left join costs using (series_id, charge_date)
"""

ORIGINS = """
create table forecast_origins as
with spans as (select series_id, min(charge_date) as first_day, max(charge_date) as last_day from daily_costs group
by 1) select series_id, (date_trunc('month', charge_date) + to_days(d.day - 1))::date as as_of
from daily_costs inner join spans using (series_id) cross join (select unnest($days) as day) as d
where day(charge_date) = 1 and charge_date >= first_day + 56 and last_day(charge_date) <= spans.last_day
"""

RULES = """
with origins as (
    select series_id, as_of, datediff('day', as_of, last_day(as_of)) as ahead, day(as_of) as day from forecast_origins
),
known as (
    select o.*, sum(c.cost) as total from origins as o inner join daily_costs as c
        on c.series_id = o.series_id and c.charge_date between date_trunc('month', o.as_of) and o.as_of group by all
),
past as (
    select o.series_id, o.as_of, avg(c.cost) filter (c.charge_date > o.as_of - 28) as mean28,
        regr_slope(c.cost, datediff('day', o.as_of, c.charge_date)) as slope,
        regr_intercept(c.cost, datediff('day', o.as_of, c.charge_date)) as intercept
    from origins as o inner join daily_costs as c
        on c.series_id = o.series_id and c.charge_date between o.as_of - 29 and o.as_of group by all
),
weekdays as (
    select o.series_id, o.as_of, isodow(c.charge_date) as weekday, median(c.cost) as median4,
        max_by(c.cost, c.charge_date) as newest
    from origins as o inner join daily_costs as c
        on c.series_id = o.series_id and c.charge_date between o.as_of - 27 and o.as_of group by all
),
ahead as (
    select o.series_id, o.as_of, sum(w.median4) as median_rest, sum(w.newest) as naive_rest
    from origins as o cross join (select unnest(range(1, 32)) as day) as d
    inner join weekdays as w on w.series_id = o.series_id and w.as_of = o.as_of
        and w.weekday = isodow(o.as_of + d.day::integer)
    where d.day <= o.ahead group by all
)
select k.series_id, k.as_of, k.day, k.total + a.median_rest as "weekday median, 4 weeks", k.total + a.naive_rest as
"seasonal naive",
    k.total + p.mean28 * k.ahead as "mean of 28 days", k.total / k.day * (k.day + k.ahead) as "run rate",
    k.total + p.intercept * k.ahead + p.slope * k.ahead * (k.ahead + 1) / 2 as "least squares, 30 days"
from known as k inner join past as p using (series_id, as_of) inner join ahead as a using (series_id, as_of)
"""

SCORES = """
with totals as (
    select series_id, date_trunc('month', charge_date) as month, sum(cost) as actual from daily_costs group by all
),
compared as (
    select day(f.as_of) as day, f.model, f.forecast, t.actual, f.lower, f.upper
    from all_forecasts as f
    inner join totals as t on t.series_id = f.series_id and t.month = date_trunc('month', f.as_of)
    where abs(t.actual) > 1 and ($all_months or not exists (
        select 1 from planted as p
        where p.series_id = f.series_id and f.as_of >= date_trunc('month', p.first_day)
            and date_trunc('month', f.as_of) <= p.last_day
    ))
)
select model, day, count(*) as forecasts, 100 * sum(abs(forecast - actual)) / sum(abs(actual)) as wape,
    100 * avg(abs(forecast - actual) / abs(actual)) as mape,
    100 * avg(case when actual between lower and upper then 1.0 else 0 end) as coverage
from compared group by all order by all
"""


PLANTED = """
create table planted as
select series_id, start::date as first_day, greatest("end", hold_end)::date as last_day from read_csv($events)
"""

WHENCE = """
with totals as (
    select series_id, date_trunc('month', charge_date) as month, sum(cost) as actual from daily_costs group by all
),
missed as (
    select abs(f.forecast_cost - t.actual) as error, abs(t.actual) as actual, case
        when exists (select 1 from planted as p where p.series_id = f.series_id and p.first_day > f.as_of
            and p.first_day <= last_day(f.as_of)) then 'one begins later in the month'
        when exists (select 1 from planted as p where p.series_id = f.series_id and p.first_day <= f.as_of
            and p.last_day >= f.as_of - 1) then 'one runs that day, for nobody knows how long'
        when exists (select 1 from planted as p where p.series_id = f.series_id and p.first_day <= f.as_of
            and p.last_day >= f.as_of - 35) then 'one was there in the five weeks before'
        else 'none' end as planted
    from ours as f inner join totals as t
        on t.series_id = f.series_id and t.month = date_trunc('month', f.as_of)
    where day(f.as_of) = 10 and abs(t.actual) > 1
)
select planted, count(*), 100 * sum(error) / sum(sum(actual)) over () from missed group by planted order by planted
"""
"""Points of the error on day 10 by what was planted around it."""

SEVERAL_MONTHS = """
with means as (
    select *, avg(cost) over (partition by series_id order by charge_date rows 55 preceding) as mean_of_eight_weeks,
        last_day(charge_date + to_months($months - 1)) as period_end
    from daily_costs
),
forecasts as (
    select f.*, m.period_end, datediff('day', last_day(f.as_of), m.period_end) as days_later,
        (f.forecast_cost / day(last_day(f.as_of)) + m.mean_of_eight_weeks) / 2 as a_day_later
    from ours as f inner join means as m on m.series_id = f.series_id and m.charge_date = f.as_of
),
-- as in fct_budget_status
periods as (
    select *, forecast_cost + a_day_later * days_later as forecast,
        last_value(
            case when day(last_day(as_of)) - day(as_of) >= 14
                then (forecast_upper - forecast_lower) / 2 / nullif(abs(forecast_cost - known_cost), 0) end ignore nulls
        ) over (partition by series_id order by as_of) * abs(forecast - known_cost) * (1 + days_later / 80.0) as error
    from forecasts
),
compared as (
    select p.series_id, p.as_of, any_value(p.forecast) as forecast, any_value(p.error) as error, sum(c.cost) as actual
    from periods as p inner join daily_costs as c
        on c.series_id = p.series_id and c.charge_date between date_trunc('month', p.as_of) and p.period_end
    where p.period_end <= (select max(charge_date) from daily_costs as d where d.series_id = p.series_id)
    group by all having abs(actual) > 1
)
select day(as_of), count(*), 100 * sum(abs(forecast - actual)) / sum(abs(actual)),
    100 * avg(case when abs(forecast - actual) <= error then 1.0 else 0 end)
from compared group by 1 order by 1
"""
"""So many months, forecast on a day of the first of them: error, and how often the interval held."""

Row = tuple[str, int, int, float, float, float]


def compare(
    split: Path,
) -> tuple[dict[str, list[Row]], list[tuple[str, int, float]], dict[int, list[tuple[int, int, float, float]]]]:
    """Rows of model, day, number of forecasts, WAPE, MAPE and coverage in percent, of all months and of quiet ones.

    Of day 10's error the points that fall on months with an anomaly before, on and after that day. And by number of
    months day, number, WAPE and coverage of forecasts of so many.
    """
    connection = duckdb.connect(config={"threads": 2})
    connection.execute(DAILY, {"series": str(split / "series.parquet")})
    connection.execute(ORIGINS, {"days": list(DAYS)})
    connection.execute(f"create table ours as {FORECAST_SQL}")
    connection.execute(f"create table rules as {RULES}")
    connection.execute(
        """create table all_forecasts as
        select series_id, as_of, 'shipped' as model, forecast_cost as forecast, forecast_lower as lower,
        forecast_upper as upper from ours
        union all
        select series_id, as_of, model, forecast, null, null
        from (unpivot rules on columns(* exclude (series_id, as_of, day)) into name model value forecast)"""
    )
    connection.execute(PLANTED, {"events": str(split / "events.csv")})
    months = {
        "all months": connection.execute(SCORES, {"all_months": True}).fetchall(),
        "without anomalies": connection.execute(SCORES, {"all_months": False}).fetchall(),
    }
    longer = {number: connection.execute(SEVERAL_MONTHS, {"months": number}).fetchall() for number in MONTHS}
    return months, connection.execute(WHENCE).fetchall(), longer


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    by_months, whence, longer = compare(Path(sys.argv[1]))
    for months, rows in by_months.items():
        print(months)
        for model, day, count, wape, mape, coverage in rows:
            held = f"  interval held {coverage:5.1f} %" if model == "shipped" else ""
            print(f"  {model:26} day {day:2}  WAPE {wape:5.1f}  MAPE {mape:5.1f}{held}  ({count} forecasts)")
    print("day 10, points of the error by what was planted")
    for planted, count, points in whence:
        print(f"  {planted:46} {points:5.2f}  ({count} forecasts)")
    for number, rows in longer.items():
        print(f"{number} months, forecast in the first of them")
        for day, count, wape, coverage in rows:
            print(f"  shipped  day {day:2}  WAPE {wape:5.1f}  interval held {coverage:5.1f} %  ({count} forecasts)")


if __name__ == "__main__":
    main()
