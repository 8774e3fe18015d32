"""A split whose series are young: what is left of it, and what is scored."""

from pathlib import Path

import pandas as pd

from benchmarks.anomaly_score import WARM_UP, days_of
from benchmarks.anomaly_variations.__main__ import write_world
from benchmarks.anomaly_variations.young import write_young

DAYS = 90


def test_series_begin_weeks_before_an_event_and_end_together_with_their_looks(tmp_path: Path) -> None:
    write_world("a", tmp_path / "a", 5)
    write_young(tmp_path / "a", tmp_path / "young-a", DAYS, 5)
    meta, events = (
        pd.read_csv(tmp_path / "young-a" / f"{name}.csv").set_index("series_id") for name in ("meta", "events")
    )
    begins = pd.Series(days_of(meta.start), meta.index)
    age = days_of(events.start) - begins.loc[events.index].to_numpy()
    assert len(events) > 50
    assert age.min() >= 35
    assert age.max() < DAYS
    assert (days_of(meta.first_row) + WARM_UP == begins + 35).all()
    for name in ("series", "late"):
        rows = pd.read_parquet(tmp_path / "young-a" / f"{name}.parquet")
        assert (days_of(rows.date) - begins.loc[rows.series_id].to_numpy()).max() < DAYS
    assert (days_of(meta.end) - begins < DAYS).all()
