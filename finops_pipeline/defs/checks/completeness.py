"""Completeness: has everyone delivered, and was there anything in it? The queries are in `checks/`."""

import dagster as dg

from finops_pipeline.checks import completeness, freshness, volume
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.extract.ledger import read_rows
from finops_pipeline.publish.versions import published_manifest
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse
from finops_pipeline.side_files.anomaly_feedback import load_anomaly_feedback

_DELIVERIES = ["raw", "deliveries"]


def every_complete_delivery_has_rows(request: RefreshRequest) -> CheckOutcome:
    """No complete delivery of a bill is empty, unless the one before it was empty too."""
    return completeness.every_complete_delivery_has_rows(read_rows(request.settings.landing))


def no_delivery_has_lost_rows(request: RefreshRequest) -> CheckOutcome:
    """No delivery that replaces an earlier one of its month has less than nine tenths of its rows."""
    return completeness.no_delivery_has_lost_rows(read_rows(request.settings.landing))


def no_month_has_lost_half_its_bill(request: RefreshRequest) -> CheckOutcome:
    """No month of a bill came again with less than half the lines and half the money that is published of it."""
    settings = request.settings
    published = (published_manifest(settings.marts) or {}).get("deliveries", [])
    ledger = read_rows(settings.landing)
    return completeness.no_month_has_lost_half_its_bill(ledger, published, request.invoices, settings.now.date())


def every_configured_source_has_delivered(request: RefreshRequest) -> CheckOutcome:
    """Every configured source has a complete delivery, and every cloud one for the open month (from its fourth day)."""
    config = request.config
    sources = [(source.name, source.provider) for source in config.sources]
    sources += [(feed.name, "usage") for feed in config.usage]
    ledger = read_rows(request.settings.landing)
    return completeness.every_configured_source_has_delivered(ledger, sources, request.settings.now)


def every_source_is_fresh(request: RefreshRequest) -> CheckOutcome:
    """The newest delivery of every cloud's bill is at most three days old; a vendor's came within its own rhythm."""
    sources = [(source.name, source.provider) for source in request.config.sources]
    ledger = read_rows(request.settings.landing)
    return freshness.every_source_is_fresh(ledger, sources, request.settings.now)


def every_feed_is_fresh(request: RefreshRequest) -> CheckOutcome:
    """Every usage feed has brought something new within twice its usual longest pause."""
    names = [feed.name for feed in request.config.usage]
    ledger = read_rows(request.settings.landing)
    return freshness.every_feed_is_fresh(ledger, names, request.settings.now)


def every_account_has_rows_every_day(request: RefreshRequest) -> CheckOutcome:
    """An account that is billed every day has no day without a row: an export that was off leaves such a hole."""
    said = load_anomaly_feedback(request.settings.config_path).feedback
    with open_warehouse(request.settings.warehouse) as warehouse:
        return completeness.every_account_has_rows_every_day(warehouse, {item.id for item in said})


def feeds_have_their_usual_volume(request: RefreshRequest) -> CheckOutcome:
    """Steady usage feeds had, on each of the last seven days, as many rows as on the same weekdays before."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return volume.feeds_have_their_usual_volume(warehouse)


@dg.definitions
def completeness_checks() -> dg.Definitions:
    """The checks on what was delivered, and when."""
    return dg.Definitions(
        asset_checks=[
            recorded_check(every_complete_delivery_has_rows, asset=_DELIVERIES, blocking=True),
            recorded_check(no_month_has_lost_half_its_bill, asset=_DELIVERIES, blocking=True),
            recorded_check(no_delivery_has_lost_rows, asset=_DELIVERIES, blocking=False),
            recorded_check(every_configured_source_has_delivered, asset=_DELIVERIES, blocking=False),
            recorded_check(every_source_is_fresh, asset=_DELIVERIES, blocking=False),
            recorded_check(every_feed_is_fresh, asset=_DELIVERIES, blocking=False),
            recorded_check(feeds_have_their_usual_volume, asset=["fct_cost_allocations"], blocking=False),
            recorded_check(every_account_has_rows_every_day, asset=["focus_cost_and_usage"], blocking=False),
        ]
    )
