"""Governance: budgets, tags and waste. The queries are in `checks/`."""

import dagster as dg

from finops_pipeline.checks import budgets, tags, waste
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse


def budgets_are_kept(request: RefreshRequest) -> CheckOutcome:
    """No budget has passed a threshold on what is spent or on what will be."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return budgets.budgets_are_kept(warehouse)


def required_tags_cover_their_floor(request: RefreshRequest) -> CheckOutcome:
    """In the last 28 days each required tag covers its floor of every provider's taggable cost."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return tags.required_tags_cover_their_floor(warehouse)


def tag_values_stay_within_their_limits(request: RefreshRequest) -> CheckOutcome:
    """In the newest month no tag has more values than the policy allows."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return tags.tag_values_stay_within_their_limits(warehouse)


def waste_is_part_of_the_ledger(request: RefreshRequest) -> CheckOutcome:
    """What is called waste is money of the ledger, each part of it once."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return waste.waste_is_part_of_the_ledger(warehouse)


def nothing_is_left_running(request: RefreshRequest) -> CheckOutcome:
    """In the newest month no notebook, endpoint, disk or address was paid for that nobody used."""
    with open_warehouse(request.settings.warehouse) as warehouse:
        return waste.nothing_is_left_running(warehouse)


@dg.definitions
def governance_checks() -> dg.Definitions:
    """The checks on what the company planned and agreed on."""
    return dg.Definitions(
        asset_checks=[
            recorded_check(budgets_are_kept, asset=["fct_budget_status"], blocking=False),
            recorded_check(required_tags_cover_their_floor, asset=["fct_tag_coverage"], blocking=False),
            recorded_check(tag_values_stay_within_their_limits, asset=["fct_tag_coverage"], blocking=False),
            recorded_check(waste_is_part_of_the_ledger, asset=["fct_waste"], blocking=True),
            recorded_check(nothing_is_left_running, asset=["fct_waste"], blocking=False),
        ]
    )
