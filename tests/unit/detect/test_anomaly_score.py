"""Our scorer says what the bench's own says, and what its rules say on hand-made flags."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.anomaly import read_split, write_flags
from benchmarks.anomaly_score import score
from finops_pipeline.detect.findings import detect
from tests.conftest import REFERENCE_DATA

BENCH = REFERENCE_DATA.parent / "anomaly_bench"


def _split(folder: Path, events: list[dict[str, object]]) -> Path:
    pd.DataFrame([{"series_id": "s", "first_row": "2026-01-01", "end": "2026-12-31"}]).to_csv(
        folder / "meta.csv", index=False
    )
    pd.DataFrame(events).to_csv(folder / "events.csv", index=False)
    pd.DataFrame([{"series_id": "s", "start": "2026-11-01", "end": "2026-11-01"}]).to_csv(
        folder / "ignore.csv", index=False
    )
    return folder


def _event(kind: str, start: str, end: str) -> dict[str, object]:
    return {
        "event_id": kind,
        "series_id": "s",
        "kind": kind,
        "severity": "large",
        "start": start,
        "end": end,
        "hold_end": end,
        "amp": 10.0,
    }


def _flags(*raised: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame([{"series_id": "s", "date": day, "is_anomaly": 1, "as_of": as_of} for day, as_of in raised])


def test_a_spike_is_found_in_time_and_not_later(tmp_path: Path) -> None:
    split = _split(tmp_path, [_event("spike", "2026-05-10", "2026-05-10")])
    assert score(split, _flags(("2026-05-10", "2026-05-14"))).recall == 1
    late = score(split, _flags(("2026-05-10", "2026-05-15")))
    assert (late.recall, late.alarms.sum()) == (0, 0)


def test_false_days_close_together_are_one_alarm_of_at_most_a_week(tmp_path: Path) -> None:
    split = _split(tmp_path, [_event("spike", "2026-05-10", "2026-05-10")])
    days = [
        ("2026-07-01", "2026-07-02"),
        ("2026-07-04", "2026-07-05"),
        ("2026-07-07", "2026-07-08"),
        ("2026-07-10", "2026-07-11"),
    ]
    assert score(split, _flags(*days)).alarms.sum() == 2


def test_echo_ignored_days_and_warm_up_do_no_harm(tmp_path: Path) -> None:
    split = _split(tmp_path, [_event("step", "2026-05-10", "2026-05-20")])
    harmless = _flags(("2026-05-30", "2026-05-31"), ("2026-11-02", "2026-11-03"), ("2026-02-01", "2026-02-02"))
    assert score(split, harmless).alarms.sum() == 0


def test_a_flag_from_the_future_is_refused(tmp_path: Path) -> None:
    split = _split(tmp_path, [_event("spike", "2026-05-10", "2026-05-10")])
    with pytest.raises(ValueError, match="morning after"):
        score(split, _flags(("2026-05-10", "2026-05-10")))


@pytest.fixture(scope="module")
def flags(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What is shipped says about the development split."""
    if not BENCH.exists():
        pytest.skip("the labelled bench does not lie beside this checkout")
    out = tmp_path_factory.mktemp("flags") / "flags.csv"
    write_flags(detect(*read_split(BENCH / "dev")), out)
    return pd.read_csv(out, dtype={"series_id": str})


def test_it_agrees_with_the_benchs_own_scorer_on_the_development_split(flags: pd.DataFrame) -> None:
    spec = importlib.util.spec_from_file_location("bench_score", BENCH / "score.py")
    assert spec is not None
    assert spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    noise = flags.assign(date=(pd.to_datetime(flags.date) - pd.Timedelta(days=9)).dt.strftime("%Y-%m-%d"))
    for raised in (flags, pd.concat([flags, noise])):
        figures, _, _ = theirs.score(str(BENCH / "dev"), raised)
        ours = score(BENCH / "dev", raised)
        assert (figures["detected"], figures["false_alarms"]) == (ours.events.hit.sum(), ours.alarms.sum())
        assert figures["f1"] == round(ours.f1, 4)
        assert figures["fa_per_series_year"] == round(ours.false_alarms_per_series_year, 3)
        assert figures["impact_recall"] == round(ours.money_recall, 4)
        assert figures["within1day_noramp"] == round(ours.within_a_day, 4)


def test_the_development_split_stays_above_its_floor(flags: pd.DataFrame) -> None:
    assert score(BENCH / "dev", flags).f1 >= 0.85
