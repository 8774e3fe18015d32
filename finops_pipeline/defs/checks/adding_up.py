"""Adding up: what the unit costs show is the bill, once. The query is `checks/adding_up.py`."""

import dagster as dg

from finops_pipeline.checks import adding_up
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse


def costs_add_up_to_the_bill(request: RefreshRequest) -> CheckOutcome:
    """Per day, currency and basis: what the money was used for adds up to the ledger and the bill, exactly."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return adding_up.costs_add_up_to_the_bill(warehouse)


@dg.definitions
def adding_up_checks() -> dg.Definitions:
    """The check that unit costs tell the whole bill once."""
    return dg.Definitions(
        asset_checks=[recorded_check(costs_add_up_to_the_bill, asset=["fct_cost_bridge_to_bill"], blocking=True)]
    )
