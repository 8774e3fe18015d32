"""When an empty bill blocks, and when a missing one warns."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from ledger_of_deliveries import delivery

from finops_pipeline.checks.completeness import (
    every_account_has_rows_every_day,
    every_complete_delivery_has_rows,
    every_configured_source_has_delivered,
    no_delivery_has_lost_rows,
)
from finops_pipeline.checks.freshness import every_source_is_fresh

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def test_bill_that_became_empty_fails_and_names_source_period_and_manifest():
    before = delivery(delivery_id="d1", status="superseded")
    outcome = every_complete_delivery_has_rows([before, delivery(rows=0, previous_delivery_id="d1")])
    assert [offender.subject for offender in outcome.offenders] == ["aws-payer 2026-10"]
    assert "metadata/BILLING_PERIOD=2026-10/manifest.json" in outcome.summary()


def test_bill_that_is_empty_from_its_first_delivery_fails():
    assert not every_complete_delivery_has_rows([delivery(rows=0)]).passed


def test_bill_that_is_empty_twice_is_taken_as_a_fact():
    before = delivery(delivery_id="d1", status="superseded", rows=0)
    assert every_complete_delivery_has_rows([before, delivery(rows=0, previous_delivery_id="d1")]).passed


def test_empty_delivery_of_another_month_excuses_nothing():
    other = delivery(delivery_id="d1", status="superseded", rows=0, billing_period="2026-09")
    assert not every_complete_delivery_has_rows([other, delivery(rows=0, previous_delivery_id="d1")]).passed


@pytest.mark.parametrize(
    "facts", [{"provider": "usage", "billing_period": None}, {"status": "superseded"}, {"status": "removed"}]
)
def test_empty_feeds_and_deliveries_that_do_not_count_are_no_fault(facts):
    assert every_complete_delivery_has_rows([delivery(rows=0, **facts)]).passed


@pytest.mark.parametrize(("rows", "loses"), [(90, False), (89, True), (500, False), (0, True)])
def test_a_month_that_comes_again_with_less_than_nine_tenths_of_its_rows_is_told(rows, loses):
    before = delivery(delivery_id="d1", status="superseded", rows=100)
    outcome = no_delivery_has_lost_rows([before, delivery(rows=rows, previous_delivery_id="d1")])
    told = outcome.offenders if loses else outcome.confirmed
    assert outcome.passed != loses
    assert [(t.subject, t.observed, t.expected) for t in told] == [
        ("aws-payer 2026-10", f"{rows} rows", "at least nine tenths of 100")
    ]


def test_only_the_live_delivery_of_a_month_is_held_to_the_one_before_it():
    first = delivery(delivery_id="d1", status="superseded", rows=100)
    second = delivery(delivery_id="d2", status="superseded", rows=5, previous_delivery_id="d1")
    third = delivery(delivery_id="d3", rows=5, previous_delivery_id="d2")
    other_month = delivery(rows=5, billing_period="2026-09", previous_delivery_id="d1")
    feed = delivery(rows=5, provider="usage", previous_delivery_id="d1")
    outcome = no_delivery_has_lost_rows([first, second, third, other_month, feed])
    assert outcome.passed
    assert [subject.subject for subject in outcome.confirmed] == ["aws-payer 2026-10"]


def test_what_holds_is_told_for_each_source_and_month_too():
    sources = [("aws-payer", "aws")]
    assert [s.subject for s in every_complete_delivery_has_rows([delivery()]).confirmed] == ["aws-payer 2026-10"]
    delivered = every_configured_source_has_delivered([delivery()], sources, NOW.replace(day=3))
    assert [(s.subject, s.observed) for s in delivered.confirmed] == [("aws-payer", "newest period is 2026-10")]


def test_source_without_any_delivery_is_reported():
    outcome = every_configured_source_has_delivered([], [("azure-ea", "azure"), ("gpu-pods", "usage")], NOW)
    assert [offender.subject for offender in outcome.offenders] == ["azure-ea", "gpu-pods"]


def test_bill_without_the_open_month_is_reported_once_the_month_is_three_days_old():
    sources = [("aws-payer", "aws")]
    assert every_configured_source_has_delivered([delivery()], sources, NOW.replace(day=3)).passed
    outcome = every_configured_source_has_delivered([delivery()], sources, NOW.replace(day=4))
    assert [(o.subject, o.expected) for o in outcome.offenders] == [("aws-payer", "a delivery for 2026-11")]


def test_superseded_delivery_is_no_delivery():
    assert not every_configured_source_has_delivered([delivery(status="removed")], [("aws-payer", "aws")], NOW).passed


def test_feed_has_no_month_to_be_late_for():
    feed = delivery(provider="usage", source_name="gpu-pods", billing_period=None)
    assert every_configured_source_has_delivered([feed], [("gpu-pods", "usage")], NOW).passed


def seen(name: str, *, hours: int, submitted: bool = False, **facts):
    instant = (NOW - timedelta(hours=hours)).replace(tzinfo=None)
    times = {"seen_at": NOW.replace(tzinfo=None), "submitted_at": instant} if submitted else {"seen_at": instant}
    return delivery(**({"source_name": name, "submitted_at": None} | times | facts))


def test_freshness_is_told_for_every_source_and_the_stale_one_is_named():
    ledger = [seen("aws", hours=5), seen("aws", hours=900), seen("gcp", hours=73), seen("azure", hours=72)]
    outcome = every_source_is_fresh(ledger, [(name, name) for name in ("aws", "gcp", "azure", "new")], NOW)

    assert [(offender.subject, offender.observed) for offender in outcome.offenders] == [
        ("gcp", f"newest from {NOW - timedelta(hours=73):%Y-%m-%d %H:%M} UTC, 3 days 1 hour old")
    ]
    assert outcome.observed == "aws 5 hours, azure 3 days, gcp 3 days 1 hour"


def test_the_instant_of_the_provider_wins_over_when_it_was_first_seen():
    """A backfill sees an old delivery for the first time."""
    [offender] = every_source_is_fresh([seen("aws", hours=100, submitted=True)], [("aws", "aws")], NOW).offenders
    assert offender.observed.endswith(", 4 days 4 hours old")


def test_a_delivery_that_is_minutes_too_old_is_not_told_as_old_as_allowed():
    late = seen("aws", hours=72) | {"submitted_at": (NOW - timedelta(hours=72, minutes=5)).replace(tzinfo=None)}
    [offender] = every_source_is_fresh([late], [("aws", "aws")], NOW).offenders
    assert offender.observed.endswith(", 3 days 1 hour old")
    assert offender.expected == "at most 3 days"


@pytest.mark.parametrize(
    ("days_ago", "is_fresh", "allowed"),
    [
        ((94, 63, 33), True, "62 days"),
        ((127, 96, 66), False, "62 days"),
        ((20,), True, "35 days"),
        ((6, 5, 4), False, "3 days"),
    ],
)
def test_a_vendor_that_bills_once_a_month_is_held_to_its_own_rhythm(days_ago, is_fresh, allowed):
    ledger = [seen("saas", hours=24 * days, provider="other") for days in days_ago]
    outcome = every_source_is_fresh(ledger, [("saas", "other")], NOW)
    assert outcome.passed == is_fresh
    assert [told.expected for told in (*outcome.offenders, *outcome.confirmed)] == [f"at most {allowed}"]


def test_a_vendors_open_month_is_no_month_to_be_late_for():
    september = delivery(provider="other", source_name="saas", billing_period="2026-09")
    assert every_configured_source_has_delivered([september], [("saas", "other")], NOW).passed
    assert not every_configured_source_has_delivered([], [("saas", "other")], NOW).passed


def charges(*accounts: tuple[str, list[int]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table int_charges_by_day (source_name text, account text, charge_date date, is_usage boolean)"
    )
    for account, days in accounts:
        for day in days:
            row = ["payer", account, date(2026, 10, day), True]
            connection.execute("insert into int_charges_by_day values (?, ?, ?, ?)", row)
    return connection


def test_a_hole_in_a_daily_accounts_days_is_told_and_that_of_an_occasional_one_is_not():
    with charges(
        ("daily", [1, 2, 3, 4, 5, 6, 7, 10, 11, 12]),
        ("occasional", [1, 3, 4, 9, 20]),
        ("ended", list(range(1, 9))),
        ("started", list(range(20, 25))),
        ("few days", [1, 2, 3, 4, 5, 6, 8]),
    ) as warehouse:
        outcome = every_account_has_rows_every_day(warehouse)

    assert [offender.subject for offender in outcome.offenders] == ["payer daily 2026-10-08", "payer daily 2026-10-09"]


def test_a_hole_that_somebody_has_explained_is_told_no_more():
    days = [*range(1, 8), 10, 11]
    with charges(("one", days), ("two", days), ("three", days)) as warehouse:
        # before a first run nothing is explained
        assert len(every_account_has_rows_every_day(warehouse, {"a" * 12}).offenders) == 6
        warehouse.execute(
            """create table fct_anomalies as
            select 'aaaaaaaaaaaa' as anomaly_id, 'account' as scope, 'missing' as kind, 'payer' as source_name,
                'one' as entity, date '2026-10-08' as charge_date,
                '{"also_seen_in": ["account two", "total total"]}' as drivers"""
        )
        outcome = every_account_has_rows_every_day(warehouse, {"a" * 12})
        assert len(every_account_has_rows_every_day(warehouse).offenders) == 6
    assert [offender.subject for offender in outcome.offenders] == ["payer three 2026-10-08", "payer three 2026-10-09"]
