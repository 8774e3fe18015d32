"""What weekends move is expected, a credit is no drop, and a slow rise does not hide itself."""

import datetime as dt

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.findings import Finding, detect

FIRST = dt.date(2026, 1, 1)
DAYS = 240
DATES = np.datetime64(FIRST) + np.arange(DAYS)


def found(cost: np.ndarray) -> list[Finding]:
    return detect(pa.table({"series_id": ["s"] * DAYS, "date": DATES.astype("datetime64[s]"), "cost": cost}))


def usual() -> np.ndarray:
    return 100 * np.random.default_rng(5).normal(1, 0.03, DAYS)


def test_a_fee_due_on_a_weekend_comes_on_monday_unsaid() -> None:
    cost = usual()
    for month in range(8):
        due = dt.date(2026, 1 + month, 6)
        # 6 June is a Saturday, 6 September would be a Sunday
        paid = due + dt.timedelta(days=max(0, 7 - due.weekday()) if due.weekday() >= 5 else 0)
        cost[(paid - FIRST).days] += 400
    # the first months teach the fee
    assert [str(f.date) for f in found(cost) if f.date >= np.datetime64("2026-05-01")] == []


def test_a_credit_that_turns_a_day_negative_is_no_drop() -> None:
    cost = usual()
    cost[150] = -900
    assert found(cost) == []
    cost[150] = 5
    assert [f.direction for f in found(cost)] == ["down"]


def test_a_slow_rise_does_not_set_its_own_threshold() -> None:
    cost = np.full(DAYS, 400.0)
    cost[140:174] += 210 * np.expm1(np.linspace(0, 1.2, 35)[1:]) / (np.e - 1)
    cost[174:] = cost[173]
    assert min(f.date for f in found(cost)) <= DATES[173]
