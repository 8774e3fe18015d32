"""Steady feeds are held to the number of rows of their own weekdays; others are not."""

from datetime import date, timedelta

import duckdb
import pytest

from finops_pipeline.checks.volume import DAY_OF, feeds_have_their_usual_volume

NEWEST = date(2026, 10, 31)


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        for kind, day in DAY_OF.items():
            column = "usage_date date" if day == "usage_date" else "usage_start timestamp"
            connection.execute(f"create table stg_usage__{kind} (source_name varchar, {column})")
        yield connection


def feed(connection, kind, rows_of, days=60, source="pods"):
    for age in range(days):
        day = NEWEST - timedelta(days=age)
        connection.execute(f"insert into stg_usage__{kind} select ?, ? from range(?)", [source, day, rows_of(day)])


def weekly(day: date) -> int:
    return 10 if day.weekday() > 4 else 100


def test_a_feed_that_has_its_weekly_rhythm_is_confirmed(warehouse):
    feed(warehouse, "gpu_hours", weekly)
    outcome = feeds_have_their_usual_volume(warehouse)
    assert outcome.passed
    assert [(one.subject, one.observed) for one in outcome.confirmed] == [("pods gpu_hours", "10 to 100 rows a day")]


@pytest.mark.parametrize(("rows", "told"), [(40, "40 rows"), (0, "0 rows"), (201, "201 rows")])
@pytest.mark.parametrize("kind", ["inference", "storage_bytes"])
def test_a_day_that_came_half_not_at_all_or_twice_is_told(warehouse, kind, rows, told):
    day = date(2026, 10, 28)
    feed(warehouse, kind, lambda at: rows if at == day else weekly(at))
    [offender] = feeds_have_their_usual_volume(warehouse).offenders
    assert (offender.subject, offender.observed) == (f"pods {kind} 2026-10-28", told)
    assert offender.expected == "100 to 100, as on the weekdays before"


def test_the_newest_day_is_not_judged_nor_one_of_a_week_ago_nor_a_young_feed(warehouse):
    odd = {NEWEST, NEWEST - timedelta(days=8)}
    feed(warehouse, "gpu_hours", lambda day: 1 if day in odd else 100)
    feed(warehouse, "jobs", lambda day: 100 if day < NEWEST - timedelta(days=3) else 5, days=20)
    assert feeds_have_their_usual_volume(warehouse).passed


def test_a_feed_without_a_usual_volume_is_not_judged(warehouse):
    feed(warehouse, "tokens", lambda day: 1 if day.isocalendar().week % 2 else 100)
    outcome = feeds_have_their_usual_volume(warehouse)
    assert outcome.passed
    assert outcome.confirmed == []
