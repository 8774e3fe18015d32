"""What a series showed while it was small says little of what would be odd now; and prices rise more than they fall."""

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.findings import Finding, detect

DAYS = 260


def found(cost: np.ndarray, usage: np.ndarray | None = None) -> list[Finding]:
    days = np.datetime64("2025-03-03") + np.arange(len(cost))
    columns = {"series_id": ["s"] * len(cost), "date": pa.array(days), "cost": cost, "rows": np.full(len(cost), 40.0)}
    return detect(pa.table(columns | ({} if usage is None else {"usage": usage})))


def launched() -> np.ndarray:
    """Users come within weeks, a hundredfold; then the series is calm."""
    users = 1 / (1 + np.exp(-(np.arange(DAYS) - 60) / 5))
    return (4 + 400 * users) * np.random.default_rng(1).lognormal(0, 0.03, DAYS)


def test_a_step_months_after_a_launch_is_found() -> None:
    cost = launched()
    assert [f for f in found(cost) if f.date > np.datetime64("2025-06-20")] == []
    cost[200:220] *= 1.5
    late = [f for f in found(cost) if f.date > np.datetime64("2025-06-20")]
    assert [(str(f.date), f.direction) for f in late][:1] == [("2025-09-19", "up")]


def test_a_price_has_to_fall_by_more_than_it_has_to_rise() -> None:
    told = {}
    for change in (0.7, 0.9, 1.1):
        price = np.where(np.arange(DAYS) >= 200, change, 1.0)
        usage = 400 * np.random.default_rng(2).lognormal(0, 0.3, DAYS)
        told[change] = [f.direction for f in found(usage * price, usage) if f.kind == "price"]
    assert told == {0.7: ["down"], 0.9: [], 1.1: ["up"]}
