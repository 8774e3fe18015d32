"""Completeness: has everyone delivered, and was there anything in it? The queries are `checks/completeness.py`."""

import dagster as dg

from finops_pipeline.checks import completeness
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.extract.ledger import read_ledger
from finops_pipeline.resources.refresh_request import RefreshRequest

_DELIVERIES = ["raw", "deliveries"]


def every_complete_delivery_has_rows(request: RefreshRequest) -> CheckOutcome:
    """No complete delivery of a bill is empty, unless the one before it was empty too."""
    return completeness.every_complete_delivery_has_rows(read_ledger(request.settings.landing).to_pylist())


def every_configured_source_has_delivered(request: RefreshRequest) -> CheckOutcome:
    """Every configured source has a complete delivery, and every bill one for the open month (from its fourth day)."""
    config = request.config
    sources = [(source.name, source.provider) for source in config.sources]
    sources += [(feed.name, "usage") for feed in config.usage]
    ledger = read_ledger(request.settings.landing).to_pylist()
    return completeness.every_configured_source_has_delivered(ledger, sources, request.settings.now)


@dg.definitions
def completeness_checks() -> dg.Definitions:
    """The checks on the ledger of deliveries."""
    return dg.Definitions(
        asset_checks=[
            recorded_check(every_complete_delivery_has_rows, asset=_DELIVERIES, blocking=True),
            recorded_check(every_configured_source_has_delivered, asset=_DELIVERIES, blocking=False),
        ]
    )
