"""When an empty bill blocks, and when a missing one warns."""

from datetime import UTC, datetime

import pytest

from finops_pipeline.checks.completeness import every_complete_delivery_has_rows, every_configured_source_has_delivered

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)


def delivery(**facts):
    return {
        "table_name": "aws_cur2",
        "source_name": "aws-payer",
        "provider": "aws",
        "variant": "",
        "billing_period": "2026-10",
        "delivery_id": "d2",
        "previous_delivery_id": None,
        "rows": 10,
        "status": "live",
        "manifest": "metadata/BILLING_PERIOD=2026-10/manifest.json",
        **facts,
    }


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
