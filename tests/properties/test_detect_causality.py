"""Detection may not know the future: cutting the data off at a morning changes nothing that was raised before it."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.anomaly_variations.__main__ import make_world
from finops_pipeline.detect.findings import Finding, detect


def as_seen_on(series: pa.Table, late: pa.Table, morning: np.datetime64) -> tuple[pa.Table, pa.Table]:
    """What stood in the tables on a morning: late days as their first or second look showed them, without usage."""
    frame, seen = series.to_pandas(), late.to_pandas()
    frame = frame[frame.date < morning].merge(
        seen[seen.date < morning].assign(is_late=True), on=["series_id", "date"], how="left"
    )
    age = (morning - frame.date.to_numpy()).astype("timedelta64[D]").astype(int)
    for lag in (1, 2):
        unsettled = (age == lag) & frame.is_late.notna()
        frame.loc[unsettled, "cost"] = frame.loc[unsettled, f"cost_lag{lag}"]
        frame.loc[unsettled, "rows"] = frame.loc[unsettled, f"rows_lag{lag}"]
        frame.loc[unsettled, "usage"] = np.nan
    frame.loc[age == 1, ["cost_lag2", "rows_lag2"]] = np.nan
    vintages = frame[frame.is_late.notna()].drop(columns=["cost", "rows", "usage", "is_late"])
    return pa.Table.from_pandas(frame.drop(columns="is_late"), preserve_index=False), pa.Table.from_pandas(
        vintages, preserve_index=False
    )


def last_days(series: pa.Table, morning: np.datetime64) -> dict[str, int]:
    """How far each series reaches on a morning: a run knows which days it should have seen by then."""
    last = series.to_pandas().groupby("series_id").date.max().clip(upper=morning - np.timedelta64(1, "D"))
    return {str(name): int(np.datetime64(day, "D").astype(int)) for name, day in last.items()}


def key(finding: Finding) -> tuple[str, str, str, str]:
    return finding.series_id, str(finding.date), str(finding.as_of), finding.channel


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["a", "b", "d", "e"]), st.integers(0, 5), st.integers(90, 330))
def test_no_flag_rests_on_what_was_not_yet_visible(world: str, seed: int, days: int) -> None:
    series, late, groups = _sample(world, seed)
    morning = series["date"].to_numpy().min() + np.timedelta64(days, "D")
    known = [key(f) for f in detect(series, late, groups) if f.as_of <= morning]
    cut = detect(*as_seen_on(series, late, morning), groups, end=last_days(series, morning))
    assert [key(f) for f in cut if f.as_of <= morning] == known


def test_the_sample_raises_something_on_early_and_on_late_mornings() -> None:
    lags = {(f.as_of - f.date).astype(int) for f in detect(*_sample("a", 0))}
    assert lags == {1, 2, 3}


Sample = tuple[pa.Table, pa.Table, dict[str, str]]
_samples: dict[tuple[str, int], Sample] = {}


def _sample(world: str, seed: int) -> Sample:
    """Series, earlier views and which series belong together of a small world."""
    if (world, seed) not in _samples:
        series, late, meta, *_ = make_world(world, seed, share=0.3, late_share=0.6)
        tables = (pa.Table.from_pandas(frame, preserve_index=False) for frame in (series, late))
        _samples[world, seed] = (*tables, dict(zip(meta.series_id, meta.group, strict=True)))
    return _samples[world, seed]


def test_an_empty_table_has_no_findings() -> None:
    assert detect(pa.table({"series_id": pa.array([], pa.string()), "date": pa.array([], pa.date32())})) == []


@pytest.mark.parametrize("missing", ["usage", "rows"])
def test_a_table_without_usage_or_rows_is_read(missing: str) -> None:
    series, late, _ = _sample("a", 0)
    assert detect(series.drop_columns([missing]), late)
