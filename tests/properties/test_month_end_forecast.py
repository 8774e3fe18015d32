"""Whatever a series looks like, its month-end forecast is a number within its interval, in any currency's unit."""

import datetime as dt
import math

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.detect.forecast import FORECAST_SQL

FIRST = dt.date(2026, 1, 1)

_AMOUNT = st.one_of(st.just(0.0), st.integers(-500, 5000).map(float), st.decimals("0.01", "90000", places=2).map(float))
_WEEK = st.lists(_AMOUNT, min_size=1, max_size=9)
_BILL = st.lists(st.tuples(_WEEK, st.integers(1, 12)), min_size=1, max_size=6)
"""Stretches of a bill: a pattern of some days, so many times over."""


def forecasts(costs: list[float], unit: float) -> list[tuple]:
    connection = duckdb.connect(config={"threads": 1})
    rows = [(FIRST + dt.timedelta(day), cost * unit) for day, cost in enumerate(costs)]
    connection.execute("create table daily_costs (series_id text, charge_date date, cost double)")
    connection.executemany("insert into daily_costs values ('s', ?, ?)", rows)
    connection.execute("create table forecast_origins as select series_id, charge_date as as_of from daily_costs")
    return connection.execute(
        f"select as_of, known_cost, forecast_cost, forecast_lower, forecast_upper from ({FORECAST_SQL}) order by as_of"
    ).fetchall()


@settings(max_examples=15, deadline=None)
@given(_BILL)
def test_every_day_has_a_forecast_within_its_interval_and_knows_what_is_spent(bill: list[tuple[list[float], int]]):
    costs = [cost for pattern, times in bill for cost in pattern * times]
    said = forecasts(costs, 1)
    assert [as_of for as_of, *_ in said] == [FIRST + dt.timedelta(day) for day in range(len(costs))]
    for day, (as_of, known, forecast, lower, upper) in enumerate(said):
        assert all(math.isfinite(number) for number in (known, forecast, lower, upper))
        assert lower <= forecast <= upper
        assert math.isclose(known, sum(costs[day - as_of.day + 1 : day + 1]), abs_tol=1e-6)
        assert (as_of + dt.timedelta(1)).day > 1 or forecast == known
    if not any(costs):
        assert {forecast for _, _, forecast, *_ in said} == {0}


@settings(max_examples=10, deadline=None)
@given(_BILL, st.sampled_from([8, 1024]))
def test_in_a_smaller_unit_all_is_the_same(bill: list[tuple[list[float], int]], unit: int):
    costs = [round(cost) + 1.0 for pattern, times in bill for cost in pattern * times]
    for one, other in zip(forecasts(costs, 1), forecasts(costs, unit), strict=True):
        for number, larger in zip(one[1:], other[1:], strict=True):
            assert math.isclose(number * unit, larger, rel_tol=1e-6, abs_tol=1e-3)
