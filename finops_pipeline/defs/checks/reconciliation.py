"""Reconciliation: delivered = normalized = allocated, and no cost is caught in a loop. The queries are in `checks/`."""

import dagster as dg

from finops_pipeline.checks import drivers, invoices, reconciliation
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.extract.ledger import read_rows
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse


def raw_total_equals_normalized_total(request: RefreshRequest) -> CheckOutcome:
    """Per source, period, currency and cost basis: raw total = normalized total + recorded rounding, exactly."""
    ledger = read_rows(request.settings.landing)
    with open_warehouse(request.settings.warehouse) as warehouse:
        return reconciliation.raw_total_equals_normalized_total(warehouse, ledger, request.settings.now)


def normalized_total_equals_allocated_total(request: RefreshRequest) -> CheckOutcome:
    """Per source, period, currency and cost basis: normalized total = allocated total, exactly."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return reconciliation.normalized_total_equals_allocated_total(warehouse)


def invoiced_total_equals_billed_total(request: RefreshRequest) -> CheckOutcome:
    """Per source, month and currency: billed cost = the listed invoices, within the tolerance or a waiver."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return invoices.invoiced_total_equals_billed_total(warehouse, request.invoices, request.settings.now.date())


def every_day_is_allocated_exactly(request: RefreshRequest) -> CheckOutcome:
    """Per source, currency and day: all four costs of the ledger equal those of the charges, exactly."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return reconciliation.every_day_is_allocated_exactly(warehouse)


def shared_services_have_an_exit(request: RefreshRequest) -> CheckOutcome:
    """Every shared service is used, in the end, by somebody who is no service."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return drivers.shared_services_have_an_exit(warehouse)


def windows_are_no_finer_than_charges(request: RefreshRequest) -> CheckOutcome:
    """A rule by the hour finds charges of at most an hour."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return drivers.windows_are_no_finer_than_charges(warehouse)


@dg.definitions
def reconciliation_checks() -> dg.Definitions:
    """The checks that no cent is lost or invented."""
    return dg.Definitions(
        asset_checks=[
            recorded_check(raw_total_equals_normalized_total, asset=["fct_reconciliation"], blocking=True),
            recorded_check(normalized_total_equals_allocated_total, asset=["fct_reconciliation"], blocking=True),
            recorded_check(invoiced_total_equals_billed_total, asset=["fct_reconciliation"], blocking=True),
            recorded_check(every_day_is_allocated_exactly, asset=["fct_cost_allocations"], blocking=True),
            recorded_check(shared_services_have_an_exit, asset=["fct_cost_allocations"], blocking=True),
            recorded_check(windows_are_no_finer_than_charges, asset=["fct_cost_allocations"], blocking=True),
        ]
    )
