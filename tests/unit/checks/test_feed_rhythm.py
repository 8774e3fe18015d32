"""For how long a usage feed may pause: by its own rhythm, which an outage does not change."""

from datetime import UTC, datetime, timedelta

import pytest

from finops_pipeline.checks.freshness import every_feed_is_fresh

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def arrivals(*days_ago):
    seen = [(NOW - timedelta(days=days)).replace(tzinfo=None) for days in days_ago]
    return [{"source_name": "gpu-pods", "provider": "usage", "seen_at": instant} for instant in seen]


@pytest.mark.parametrize(
    ("days_ago", "is_fresh", "allowed"),
    [
        ((6, 5, 4, 3), True, "3 days"),
        ((7, 6, 5, 4), False, "3 days"),
        ((20, 19, 15, 8), True, "14 days"),
        ((27, 26, 22, 15), False, "14 days"),
        ((94, 63, 33), True, "62 days"),
        ((127, 96, 66), False, "62 days"),
        ((30,), True, "35 days"),
        ((40, 36), False, "35 days"),
    ],
)
def test_a_feed_is_held_to_its_own_rhythm(days_ago, is_fresh, allowed):
    outcome = every_feed_is_fresh(arrivals(*days_ago), ["gpu-pods", "not-there-yet"], NOW)
    assert outcome.passed == is_fresh
    [told] = [*outcome.offenders, *outcome.confirmed]
    assert told.subject == "gpu-pods"
    assert told.expected == f"at most {allowed}"


def daily(days: int, *, until: int = 0) -> list[int]:
    return list(range(days, until - 1, -1))


def weekdays(days: int) -> list[int]:
    return [ago for ago in daily(days) if (NOW - timedelta(days=ago)).isoweekday() < 6]


@pytest.mark.parametrize(
    ("days_ago", "allowed"),
    [
        (daily(90), "3 days"),
        # ten days without anything, weeks ago, years ago, or nearly all that is known
        ([*daily(60, until=40), *daily(30)], "3 days"),
        ([*daily(400, until=300), *daily(290)], "3 days"),
        ([15, *daily(5)], "20 days"),
        # two outages count for two months
        ([*daily(50, until=40), *daily(30, until=20), *daily(10)], "20 days"),
        ([*daily(120, until=110), *daily(100, until=90), *daily(80)], "3 days"),
        (weekdays(90), "6 days"),
        (weekdays(16), "6 days"),
        # three weeks off, once
        ([ago for ago in weekdays(90) if not 20 <= ago <= 41], "6 days"),
        ([30 * month + 2 for month in range(14, -1, -1)], "60 days"),
        ([30 * month + 2 for month in range(14, -1, -1) if month not in (5, 6, 7)], "60 days"),
        # a batch every day of a month's first three weeks
        ([ago for ago in daily(90) if ago % 28 < 21], "16 days"),
        # from days to weeks: the second pause of a week is a rhythm
        ([*daily(60, until=22), 15, 8, 1], "14 days"),
    ],
)
def test_a_feeds_slack_is_twice_the_longest_pause_that_came_again(days_ago, allowed):
    outcome = every_feed_is_fresh(arrivals(*days_ago), ["gpu-pods"], NOW)
    [told] = [*outcome.offenders, *outcome.confirmed]
    assert told.expected == f"at most {allowed}"


def test_a_feed_that_comes_by_the_hour_is_judged_by_the_days_it_comes_on():
    """Its weekends would be lost among a hundred pauses of an hour."""
    by_the_hour = [ago + hour / 24 for ago in weekdays(40) for hour in range(5, -1, -1)]
    [told] = every_feed_is_fresh(arrivals(*by_the_hour), ["gpu-pods"], NOW).confirmed
    assert told.expected == "at most 6 days"
