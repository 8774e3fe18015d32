"""A run goes on where an earlier one stopped, and what it raises is what judging all mornings anew would raise."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_detect_causality import as_seen_on, last_days

from benchmarks.anomaly_variations.__main__ import sample_world
from finops_pipeline.detect import findings, judged
from finops_pipeline.detect.findings import findings_in, judge
from finops_pipeline.detect.judged import Judged, read_judged
from finops_pipeline.detect.news import SHORTEST
from finops_pipeline.detect.panel import Panel, panel_of

_worlds: dict[str, tuple] = {}


def seen_after(world: str, days: int) -> Panel:
    """A small world as it stood some days after its first."""
    if world not in _worlds:
        _worlds[world] = sample_world(world, 1, share=0.25, late_share=0.5)
    series, late = _worlds[world]
    morning = series["date"].to_numpy().min() + np.timedelta64(days, "D")
    end = last_days(series, morning)
    as_of = dict.fromkeys(end, int(np.datetime64(morning, "D").astype(int)))
    return panel_of(*as_seen_on(series, late, morning), end=end, as_of=as_of)


def same(one: Judged, other: Judged) -> bool:
    return all(getattr(one, f.name).tobytes() == getattr(other, f.name).tobytes() for f in fields(Judged))


def restated(panel: Panel, draw: np.random.Generator, cells: int) -> Panel:
    """Some days of some series have another cost, or none, at the last look or at the first."""
    cost, first = panel.cost.copy(), panel.first_cost.copy()
    for _ in range(cells):
        row = int(draw.integers(len(cost)))
        day = max(0, int(panel.length[row]) - 1 - int(draw.exponential(40)))
        matrix = first if draw.random() < 0.3 else cost
        matrix[row, day] = draw.choice([np.nan, 0.0, 3.0, 20.0]) * (matrix[row, day] + 1)
    return replace(panel, cost=cost, first_cost=first)


@settings(max_examples=14, deadline=None)
@given(
    st.sampled_from(["a", "b", "d", "e"]),
    st.integers(150, 330),
    st.integers(0, 25),
    st.integers(0, 12),
    st.integers(0, 2**32 - 1),
)
def test_going_on_raises_what_judging_anew_raises(world: str, days: int, later: int, cells: int, seed: int) -> None:
    before = judge(seen_after(world, days))
    now = restated(seen_after(world, days + later), np.random.default_rng(seed), cells)
    anew = judge(now)
    assert same(judge(now, before), anew)
    assert findings_in(anew)


def test_day_after_day_few_series_are_judged_with_all_their_past(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[int] = []
    raised = findings._raised
    monkeypatch.setattr(findings, "_raised", lambda seen, past: walked.append(len(past.since)) or raised(seen, past))
    panels = [seen_after("a", days) for days in range(390, 396)]
    long = panels[0].series[panels[0].length >= SHORTEST]
    panels = [panel.part(np.flatnonzero(np.isin(panel.series, long))) for panel in panels]
    before = judge(panels[0])
    assert walked.pop() == len(long)
    for panel in panels[1:]:
        before = judge(panel, before)
    assert 0 < sum(walked) < 5 * len(long) / 4
    assert same(before, judge(panels[-1]))


def test_what_was_judged_is_read_again_but_not_after_other_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, path = judge(seen_after("b", 200)), tmp_path / "judged.npz"
    assert read_judged(path) is None
    kept.write(path)
    again = read_judged(path)
    assert again is not None
    assert same(again, kept)
    with monkeypatch.context() as other:
        other.setattr(judged, "_made_with", lambda: "other code")
        assert read_judged(path) is None
    path.write_bytes(path.read_bytes()[:-2000])
    assert read_judged(path) is None


def test_nothing_new_judges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = seen_after("a", 250)
    before = judge(panel)
    monkeypatch.setattr(findings, "news_of", lambda *_: pytest.fail("judged again"))
    assert same(judge(panel, before), before)


def test_series_that_come_and_go_do_not_disturb_the_others() -> None:
    panel = seen_after("a", 250)
    some, others = np.arange(0, len(panel.series), 2), np.arange(len(panel.series)) % 3 > 0
    now = panel.part(np.flatnonzero(others))
    assert same(judge(now, judge(panel.part(some))), judge(now))
