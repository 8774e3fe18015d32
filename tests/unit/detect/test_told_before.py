"""What a series was told of before: false news makes the next ones harder, a missing day is told all the same."""

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.findings import Finding, detect

DAYS = 330
DATES = np.datetime64("2025-03-03") + np.arange(DAYS)


def found(cost: np.ndarray, rows: np.ndarray | None = None) -> list[Finding]:
    there = np.isfinite(cost)
    lines = np.full(DAYS, 40.0) if rows is None else rows
    table = {"series_id": ["s"] * DAYS, "date": pa.array(DATES), "cost": cost, "rows": lines}
    return detect(pa.table(table).filter(pa.array(there)))


def calm() -> np.ndarray:
    return 100 * np.random.default_rng(5).normal(1, 0.03, DAYS)


def test_a_series_that_is_told_of_again_and_again_has_to_go_further() -> None:
    last = 300
    once, often = calm(), calm()
    once[last] = often[last] = 140
    assert [f.date for f in found(once)] == [DATES[last]]
    for day in range(120, 281, 20):
        often[day] = 300
    told = [f.date for f in found(often)]
    assert DATES[120] in told
    assert DATES[last] not in told


def test_a_missing_day_is_told_two_days_after_a_spike() -> None:
    cost = calm()
    cost[200] = 500
    cost[202] = np.nan
    assert [(f.date, f.kind) for f in found(cost)] == [(DATES[200], "spike"), (DATES[202], "missing")]


def test_growth_that_brings_lines_is_told_when_it_is_far_beyond_the_usual() -> None:
    work = np.random.default_rng(6).lognormal(0, 0.08, DAYS)
    cost, rows = 200 * work, np.round(400 * work)
    cost[250:] *= 2.5
    rows[250:] = np.round(2.5 * rows[250:])
    assert [(f.direction, f.kind) for f in found(cost, rows)][:1] == [("up", "step")]
