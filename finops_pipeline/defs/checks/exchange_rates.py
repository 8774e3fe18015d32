"""Exchange rates: what is billed in a foreign currency has one. The query is `checks/exchange_rates.py`."""

import dagster as dg

from finops_pipeline.checks import exchange_rates
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse


def every_foreign_cost_has_a_rate(request: RefreshRequest) -> CheckOutcome:
    """Every cost billed in another currency than reports are read in has a rate of its day."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return exchange_rates.every_foreign_cost_has_a_rate(warehouse)


@dg.definitions
def exchange_rate_checks() -> dg.Definitions:
    """The check that no amount is missing in the reporting currency."""
    return dg.Definitions(
        asset_checks=[recorded_check(every_foreign_cost_has_a_rate, asset=["focus_cost_and_usage"], blocking=True)]
    )
