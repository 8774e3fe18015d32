"""Warnings: cost and drivers that a person should look at. The queries are in `checks/`."""

import dagster as dg

from finops_pipeline.checks import double_billing, drivers, lookups
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse

_LEDGER = ["fct_cost_allocations"]


def gpu_hours_fit_capacity(request: RefreshRequest) -> CheckOutcome:
    """Telemetry holds no more GPU-hours than the bill paid for, on machines that the bill knows."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return drivers.gpu_hours_fit_capacity(warehouse)


def pools_have_their_driver(request: RefreshRequest) -> CheckOutcome:
    """Every shared pool of cost found the telemetry to be split by."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return drivers.pools_have_their_driver(warehouse)


def usage_cost_is_classified(request: RefreshRequest) -> CheckOutcome:
    """At most 2 % of a source's usage cost comes from meters that nobody has classified."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return drivers.usage_cost_is_classified(warehouse)


def lookups_know_what_is_billed(request: RefreshRequest) -> CheckOutcome:
    """Each lookup (AI models, GPUs, units, storage classes) knows 98 % of the cost it applies to, per source."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return lookups.lookups_know_what_is_billed(warehouse)


def no_account_is_billed_by_two_sources(request: RefreshRequest) -> CheckOutcome:
    """No account, project or subscription has cost of several sources on more than one day."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return double_billing.no_account_is_billed_by_two_sources(warehouse)


@dg.definitions
def surprise_checks() -> dg.Definitions:
    """The checks that warn and never block."""
    return dg.Definitions(
        asset_checks=[
            recorded_check(gpu_hours_fit_capacity, asset=["int_gpu_hours_without_capacity"], blocking=False),
            recorded_check(pools_have_their_driver, asset=_LEDGER, blocking=False),
            recorded_check(usage_cost_is_classified, asset=_LEDGER, blocking=False),
            recorded_check(lookups_know_what_is_billed, asset=["focus_cost_and_usage"], blocking=False),
            recorded_check(no_account_is_billed_by_two_sources, asset=_LEDGER, blocking=False),
        ]
    )
