"""What a team loses and the untagged cost gains on the same day has moved; what only one of them shows has not."""

import datetime as dt

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.findings import Finding, detect

DAYS = 150
DAY = 120


def found(team: np.ndarray, untagged: np.ndarray, groups: dict[str, str]) -> list[Finding]:
    first = dt.date(2026, 1, 1)
    dates = [first + dt.timedelta(days=n) for n in range(DAYS)]
    table = pa.table(
        {
            "series_id": ["team"] * DAYS + ["untagged"] * DAYS,
            "date": dates * 2,
            "cost": [*team, *untagged],
        }
    )
    return detect(table, groups=groups)


def bills(moved: float, gained: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    team, untagged = random.normal(100, 25, DAYS), random.normal(150, 40, DAYS)
    team[DAY:] -= moved
    untagged[DAY:] += gained
    return np.maximum(team, 1), np.maximum(untagged, 1)


def test_cost_that_moves_within_a_group_is_found_on_its_first_morning_in_both_series() -> None:
    tags = [f for f in found(*bills(80, 80), {"team": "g", "untagged": "g"}) if f.kind == "lost_tags"]
    assert {f.series_id for f in tags} == {"team", "untagged"}
    assert {str(f.as_of) for f in tags} == {str(np.datetime64("2026-01-01") + DAY + 1)}
    assert {f.direction for f in tags} == {"up", "down"}


def test_without_a_group_nothing_has_moved() -> None:
    assert not [f for f in found(*bills(80, 80), {}) if f.kind == "lost_tags"]


def test_a_fall_without_a_counterpart_has_not_moved() -> None:
    tags = [f for f in found(*bills(80, 0), {"team": "g", "untagged": "g"}) if f.kind == "lost_tags"]
    assert np.datetime64("2026-01-01") + DAY not in {f.date for f in tags}


def test_cost_that_comes_back_after_some_days_has_not_moved_again() -> None:
    """Bills that drift are forecast by their last days, which are those of the incident when it ends."""
    random = np.random.default_rng(0)
    drift = np.exp(0.05 * np.cumsum(random.normal(0, 1, (2, DAYS)), axis=1))
    team, untagged = 100 * drift[0], 80 * drift[1]
    moved = 0.7 * team[DAY : DAY + 12]
    team[DAY : DAY + 12] -= moved
    untagged[DAY : DAY + 12] += moved
    tags = {f.date for f in found(team, untagged, {"team": "g", "untagged": "g"}) if f.kind == "lost_tags"}
    assert tags == {np.datetime64("2026-01-01") + DAY}
