"""Drift: one warning per billing table when its columns change. The query is `checks/drift.py`."""

import dagster as dg

from finops_pipeline.checks import drift
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.defs.extract.landed_tables import BILLING_TABLES
from finops_pipeline.extract.ledger import read_rows
from finops_pipeline.resources.refresh_request import RefreshRequest


def _known_columns_check(table: str) -> dg.AssetChecksDefinition:
    def delivered_columns_are_known(request: RefreshRequest) -> CheckOutcome:
        """The delivered columns are the known ones: those of the delivery before, in the same types."""
        settings = request.settings
        return drift.delivered_columns_are_known(read_rows(settings.landing), table, settings.now)

    # Check names are unique over all assets, so that the history can be read by name alone.
    delivered_columns_are_known.__name__ = f"{table}_columns_are_the_known_ones"
    return recorded_check(delivered_columns_are_known, asset=["raw", table], blocking=False)


@dg.definitions
def drift_checks() -> dg.Definitions:
    """A check for each table of bills."""
    return dg.Definitions(asset_checks=[_known_columns_check(table) for table in BILLING_TABLES])
