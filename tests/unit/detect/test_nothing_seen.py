"""Nothing on a morning, or nothing at all, is a fault only where something was to be expected."""

import datetime as dt

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.findings import detect

DAYS = 200
DATES = np.datetime64(dt.date(2026, 1, 1)) + np.arange(DAYS)


def _table(cost: np.ndarray) -> pa.Table:
    return pa.table(
        {
            "series_id": ["s"] * DAYS,
            "date": DATES.astype("datetime64[s]"),
            "cost": cost,
            "rows": np.full(DAYS, 10.0),
        }
    )


def test_an_empty_first_look_of_a_feed_that_is_now_and_then_late_is_no_missing_day() -> None:
    cost = 100 * np.random.default_rng(1).normal(1, 0.02, DAYS)
    first = np.where(np.arange(DAYS) % 12 == 0, 0.5, 1.0)
    first[150] = np.nan
    views = pa.table(
        {
            "series_id": ["s"] * DAYS,
            "date": DATES.astype("datetime64[s]"),
            "cost_lag1": cost * first,
            "cost_lag2": cost,
            "rows_lag1": 10 * first,
            "rows_lag2": np.full(DAYS, 10.0),
        }
    )
    assert detect(_table(cost), views) == []


def test_a_weekend_that_costs_little_may_cost_nothing() -> None:
    random = np.random.default_rng(2)
    weekend = (DATES.astype(int) + 3) % 7 >= 5
    cost = np.where(weekend, random.uniform(28, 36, DAYS), random.normal(200, 6, DAYS))
    quiet = np.flatnonzero(weekend)[40]
    cost[quiet] = 0
    assert [f.kind for f in detect(_table(cost)) if f.kind == "zero"] == []
    cost[np.flatnonzero(~weekend)[110]] = 0
    assert [f.kind for f in detect(_table(cost)) if f.kind == "zero"] == ["zero"]
