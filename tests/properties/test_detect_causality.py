"""Detection may not know the future: cutting the data off at a morning changes nothing that was raised before it."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.anomaly_variations.__main__ import sample_world
from finops_pipeline.detect.findings import Finding, detect


def as_seen_on(series: pa.Table, late: pa.Table, morning: np.datetime64) -> tuple[pa.Table, pa.Table]:
    """What stood in the tables on a morning: late days as their first or second look showed them, without usage."""
    frame, seen = series.to_pandas(), late.to_pandas()
    frame = frame[frame.date < morning].merge(seen[seen.date < morning], on=["series_id", "date"], how="left")
    age = (morning - frame.date.to_numpy()).astype("timedelta64[D]").astype(int)
    for lag in (1, 2):
        unsettled = (age == lag) & frame.cost_lag1.notna()
        frame.loc[unsettled, "cost"] = frame.loc[unsettled, f"cost_lag{lag}"]
        frame.loc[unsettled, "rows"] = frame.loc[unsettled, f"rows_lag{lag}"]
        frame.loc[unsettled, "usage"] = np.nan
    frame.loc[age == 1, ["cost_lag2", "rows_lag2"]] = np.nan
    vintages = frame[frame.cost_lag1.notna()].drop(columns=["cost", "rows", "usage"])
    return pa.Table.from_pandas(frame, preserve_index=False), pa.Table.from_pandas(vintages, preserve_index=False)


def key(finding: Finding) -> tuple[str, str, str, str]:
    return finding.series_id, str(finding.date), str(finding.as_of), finding.channel


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["a", "b"]), st.integers(0, 5), st.integers(90, 330))
def test_no_flag_rests_on_what_was_not_yet_visible(world: str, seed: int, days: int) -> None:
    series, late = _sample(world, seed)
    morning = series["date"].to_numpy().min() + np.timedelta64(days, "D")
    known = [key(f) for f in detect(series, late) if f.as_of <= morning]
    cut = [key(f) for f in detect(*as_seen_on(series, late, morning)) if f.as_of <= morning]
    assert cut == known


def test_the_sample_raises_something_on_early_and_on_late_mornings() -> None:
    lags = {(f.as_of - f.date).astype(int) for f in detect(*_sample("a", 0))}
    assert lags == {1, 2, 3}


_samples: dict[tuple[str, int], tuple[pa.Table, pa.Table]] = {}


def _sample(world: str, seed: int) -> tuple[pa.Table, pa.Table]:
    if (world, seed) not in _samples:
        _samples[world, seed] = sample_world(world, seed, share=0.3, late_share=0.6)
    return _samples[world, seed]


def test_an_empty_table_has_no_findings() -> None:
    assert detect(pa.table({"series_id": pa.array([], pa.string()), "date": pa.array([], pa.date32())})) == []


@pytest.mark.parametrize("missing", ["usage", "rows"])
def test_a_table_without_usage_or_rows_is_read(missing: str) -> None:
    series, late = _sample("a", 0)
    assert detect(series.drop_columns([missing]), late)
