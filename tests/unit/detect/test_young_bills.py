"""A company's first days: detection needs weeks to know a series, and must bear the days before."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from finops_pipeline.detect.findings import findings_of
from finops_pipeline.detect.panel import panel_of

FIRST = date(2026, 10, 1)


@pytest.mark.parametrize("days", [1, 2, 3, 5, 8, 14, 15, 27, 28, 29, 40])
def test_a_steady_bill_of_any_age_is_judged_and_nothing_is_told(days: int) -> None:
    rows = [
        {"series_id": name, "date": FIRST + timedelta(days=day), "cost": 100.0 + day % 3, "usage": 10.0, "rows": 5.0}
        for name, length in (("old", days), ("new", max(1, days // 2)))
        for day in range(length)
    ]
    late = [{**rows[days - 1], "cost_lag1": 40.0, "cost_lag2": None, "rows_lag1": 2.0, "rows_lag2": None}]
    panel = panel_of(pa.Table.from_pylist(rows), pa.Table.from_pylist(late))
    assert [finding for finding in findings_of(panel) if finding.series_id == "old"] == []
