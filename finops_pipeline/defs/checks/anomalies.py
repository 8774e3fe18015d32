"""Anomalies: faults of the data block, unusual money warns. The queries are `checks/daily_cost.py`."""

from pathlib import Path

import dagster as dg

from finops_pipeline.checks import daily_cost
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse

_ANOMALIES = ["fct_anomalies"]


def every_account_day_is_there_once(request: RefreshRequest) -> CheckOutcome:
    """No account that is billed every day has a day that is missing, zero or delivered twice, unless acknowledged."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return daily_cost.every_account_day_is_there_once(warehouse, _published(request))


def daily_cost_is_usual(request: RefreshRequest) -> CheckOutcome:
    """No series shows, first in the last week of mornings, a cost or price that its own past does not explain."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return daily_cost.daily_cost_is_usual(warehouse, _published(request))


def _published(request: RefreshRequest) -> Path | None:
    path = request.settings.marts / "current" / "marts.duckdb"
    return path if path.exists() else None


@dg.definitions
def anomaly_checks() -> dg.Definitions:
    """The checks that tell of anomalies."""
    return dg.Definitions(
        asset_checks=[
            recorded_check(every_account_day_is_there_once, asset=_ANOMALIES, blocking=True),
            recorded_check(daily_cost_is_usual, asset=_ANOMALIES, blocking=False),
        ]
    )
