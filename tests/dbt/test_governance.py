"""Budgets, tag coverage and waste on the ledger of all cases: amounts worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest
from governance_cases import BUDGETS, LAST_DAY
from ledger_fixture import Built

from finops_pipeline.checks.budgets import budgets_are_kept
from finops_pipeline.checks.tags import required_tags_cover_their_floor, tag_values_stay_within_their_limits
from finops_pipeline.checks.waste import nothing_is_left_running, waste_is_part_of_the_ledger

AS_OF = date(2026, 10, 23)


def standing(built: Built, budget: str, columns: str, as_of: date = AS_OF) -> tuple:
    [row] = built.rows(f"select {columns} from fct_budget_status where budget = '{budget}' and as_of = '{as_of}'")
    return row


def test_every_budget_stands_on_every_day_up_to_the_day_before_the_newest(built: Built) -> None:
    assert built.rows("select max(as_of), count(distinct budget) from fct_budget_status") == [
        (AS_OF, len(BUDGETS.budgets))
    ]
    assert (LAST_DAY - AS_OF).days == 1


def test_a_steady_cost_is_forecast_exactly_and_keeps_its_budget(built: Built) -> None:
    columns = "period, status, actual_to_date, forecast, forecast_lower, forecast_upper, variance_percent, runs_out_on"
    assert standing(built, "enough", columns) == ("2026-10", "on_track", 230, 310, 310, 310, 0, None)


def test_a_budget_tells_on_which_day_it_will_be_used_up(built: Built) -> None:
    columns = "status, forecast, forecast_percent, forecast_threshold_passed, runs_out_on"
    assert standing(built, "short", columns) == (
        "forecast_over_budget", 310, Decimal("103.3333"), 100, date(2026, 10, 30)
    )  # fmt: skip


def test_a_budget_that_is_spent_tells_since_when_and_holds_from_its_month_on(built: Built) -> None:
    columns = "status, actual_percent, actual_threshold_passed, runs_out_on"
    assert standing(built, "spent", columns) == ("over_budget", 115, 100, date(2026, 10, 21))
    assert built.rows("select min(as_of) from fct_budget_status where budget = 'spent'") == [(date(2026, 10, 1),)]


def test_a_threshold_below_the_amount_is_passed_first(built: Built) -> None:
    columns = "status, actual_threshold_passed, forecast_threshold_passed"
    assert standing(built, "half", columns) == ("threshold_passed", 50, None)


def test_a_quarter_goes_on_after_the_month_as_month_and_weeks_did(built: Built) -> None:
    columns = "period, actual_to_date, forecast, forecast_upper, status"
    assert standing(built, "quarter", columns) == ("2026-Q4", 230, 920, 920, "on_track")


def test_a_monthly_fee_comes_in_each_month_of_the_quarter(built: Built) -> None:
    spent, forecast = standing(built, "fees", "actual_to_date, forecast")
    assert spent == 23 * 3 + 60
    # 92 days and three fees; the eight weeks before had two fees in less than two months
    assert 92 * 3 + 3 * 60 <= forecast <= 92 * 3 + 3 * 60 + 5


def test_a_period_that_began_before_the_ledger_has_no_forecast(built: Built) -> None:
    columns = "period, status, forecast, variance_percent, reason"
    reason = "the ledger begins within this period: its first days are unknown"
    assert standing(built, "year", columns) == ("2026", "unknown", None, None, reason)


@pytest.mark.parametrize(
    ("budget", "spent", "reason"),
    [
        ("fresh", 36, "less than 28 days of cost to forecast from"),
        ("nobody", 0, "no cost yet: nothing so far is what it selects"),
        ("euros", 0, "cost in another currency, or without a rate, is not in the sum"),
        ("in-euros", 27, "less than 28 days of cost to forecast from"),
    ],
)
def test_what_is_not_known_is_not_guessed(built: Built, budget: str, spent: int, reason: str) -> None:
    columns = "status, actual_to_date, forecast, reason"
    assert standing(built, budget, columns) == ("unknown", spent, None, reason)


def test_a_budget_may_count_the_charges_that_carry_a_tag_in_any_spelling(built: Built) -> None:
    assert standing(built, "tagged", "actual_to_date, status") == (230, "on_track")


def test_a_share_of_the_total_is_unknown_while_part_of_the_total_is(built: Built) -> None:
    reason = "the forecast of the total, of which it is a share, is not known or not above 0"
    assert standing(built, "part", "budget_amount, status, reason") == (None, "unknown", reason)


def test_the_check_names_budget_amount_forecast_and_the_day_it_is_used_up(built: Built) -> None:
    with built.connect() as warehouse:
        outcome = budgets_are_kept(warehouse)
    told = {offender.subject: (offender.observed, offender.expected) for offender in outcome.offenders}
    assert set(told) == {"short 2026-10", "spent 2026-10", "half 2026-10"}
    assert told["short 2026-10"] == (
        "230.00 (77 %) spent by 2026-10-23, forecast 310.00 (103 %), used up on 2026-10-30",
        "at most 300.00 USD (effective); s answers",
    )
    assert told["half 2026-10"] == (
        "230.00 (58 %) spent by 2026-10-23, forecast 310.00 (78 %)",
        "at most 400.00 USD (effective), to warn at 50 % spent; s answers",
    )


def test_the_check_names_budgets_that_nobody_can_judge_and_says_why(built: Built) -> None:
    with built.connect() as warehouse:
        outcome = budgets_are_kept(warehouse)
    [judged, *unknown] = outcome.observed.split("; ")
    assert judged == f"3 of {len(BUDGETS.budgets)} budgets have passed a threshold"
    assert unknown[0] == ("6 cannot be judged yet: fresh, in-euros (less than 28 days of cost to forecast from)")
    assert "nobody (no cost yet: nothing so far is what it selects)" in unknown


def coverage(built: Built, key: str, columns: str) -> list[tuple]:
    return built.rows(
        f"select team, {columns} from fct_tag_coverage"
        f" where provider_name = 'Google Cloud' and charge_date = '2026-10-11' and tag_key = '{key}' order by all"
    )


def test_coverage_counts_taggable_cost_and_keeps_the_rest_apart(built: Built) -> None:
    columns = "covered_cost, policy_cost, taggable_cost, untaggable_cost, coverage_percent, policy_percent"
    assert coverage(built, "team", columns) == [
        ("alpha", 10, 10, 10, 15, 100, 100),
        ("gamma", 20, 0, 20, 0, 100, 0),
        (None, 0, 0, 35, 20, 0, 0),
    ]


def test_under_policy_is_what_carries_every_required_key_with_an_allowed_value(built: Built) -> None:
    assert coverage(built, "every required key", "covered_cost, policy_cost") == [
        ("alpha", 10, 10),
        ("gamma", 20, 0),
        (None, 0, 0),
    ]


def test_a_key_with_more_values_than_its_limit_in_a_month_is_over_it_on_every_day(built: Built) -> None:
    columns = "distinct_values, distinct_values_in_month, max_values, is_over_cardinality_limit"
    assert coverage(built, "stage", columns) == [
        ("alpha", 1, 3, 2, True),
        ("gamma", 1, 3, 2, True),
        (None, 1, 3, 2, True),
    ]
    assert {row[-1] for row in coverage(built, "team", columns)} == {False}


def test_each_key_tells_the_whole_bill(built: Built) -> None:
    bill = built.rows(
        "select billing_currency, sum(effective_cost) from int_charges_attributed_to_owners group by all order by all"
    )
    for key in ("team", "stage", "boundary", "every required key"):
        told = built.rows(
            "select billing_currency, sum(taggable_cost + untaggable_cost) from fct_tag_coverage"
            f" where tag_key = '{key}' group by all order by all"
        )
        assert told == bill, key


def test_the_checks_on_tags_name_the_key_the_money_and_where_it_is(built: Built) -> None:
    with built.connect() as warehouse:
        floor, limit = required_tags_cover_their_floor(warehouse), tag_values_stay_within_their_limits(warehouse)
    told = {offender.subject: offender.observed for offender in floor.offenders}
    assert told["team Google Cloud"] == "46.2 %; 35.00 USD without it, most of it Tagging in ml-training (35.00)"
    [stage] = limit.offenders
    assert stage.observed == "3 values this month, the dearest c (30.00 USD), b (20.00 USD), a (10.00 USD)"


def test_several_invoices_of_a_month_stand_as_one_total_beside_the_billed_cost(built: Built) -> None:
    assert built.rows(
        "select cost_basis, invoice_id, normalized_cost, invoice_cost, invoice_difference from fct_reconciliation"
        " where source_name = 'gcp' order by all"
    ) == [
        ("billed", "G-1, G-2", 100, Decimal("100.5"), Decimal("-0.5")),
        ("effective", None, 100, None, None),
    ]
    assert built.rows(
        "select count(*) from fct_reconciliation where source_name <> 'gcp' and invoice_cost is not null"
    ) == [(0,)]


def test_free_text_beyond_a_keys_limit_does_not_reach_the_report_by_owner_and_stays_in_the_ledger(built: Built) -> None:
    by_unit = "business_unit, billing_currency, sum({}) from {} where team = 'typist' group by all order by all"
    assert built.rows(f"select {by_unit.format('effective_cost', 'fct_cost_layers')}") == [
        ("(other)", "USD", 3), ("ads", "USD", 3), ("shop", "EUR", 1), ("shop", "USD", 4),
    ]  # fmt: skip
    assert built.rows(f"select {by_unit.format('allocated_effective_cost', 'fct_cost_allocations')}") == [
        ("ads", "USD", 3), ("shop", "EUR", 1), ("shop", "USD", 4), ("try-17 lr=3e-4", "USD", 1), ("try-18", "USD", 2),
    ]  # fmt: skip


def wasted(
    built: Built, kind: str, columns: str = "subject, charge_date, effective_cost, avoidable_cost"
) -> list[tuple]:
    return built.rows(
        f"select {columns} from fct_waste where waste_kind = '{kind}' and coalesce(team, '') in ('wasteful', 'tuner')"
        " group by all order by all"
    )


def test_a_notebook_that_never_stopped_for_a_week_is_waste_from_its_first_day_on(built: Built) -> None:
    assert wasted(built, "notebook_never_stopped", "subject, count(*), sum(avoidable_cost), max(evidence)") == [
        ("forgotten", 8, 192, "billed around the clock on 8 days in a row")
    ]


def test_an_endpoint_is_idle_only_where_the_feed_says_so(built: Built) -> None:
    assert wasted(built, "endpoint_without_requests") == [("chat-endpoint", date(2026, 10, 2), 12, 12)]


@pytest.mark.parametrize(
    ("kind", "subject", "day", "cost"),
    [
        ("disk_without_machine", "vol-1", 2, 2),
        ("idle_address", "ip-1", 1, Decimal("0.12")),
        ("unused_reservation", "cr-1", 1, 5),
        ("stopped_but_billed", "db-1", 2, 1),
    ],
)
def test_things_that_the_bill_shows_idle_are_waste(built: Built, kind: str, subject: str, day: int, cost: int) -> None:
    assert wasted(built, kind) == [(subject, date(2026, 10, day), cost, cost)]


def test_on_demand_hours_of_a_workload_that_runs_on_spot_are_dearer_by_the_difference(built: Built) -> None:
    columns = "subject, quantity, effective_cost, avoidable_cost"
    assert wasted(built, "on_demand_ran_on_spot", columns) == [
        # what a cloud without spot machines would have asked for one is not known, and not nothing
        ("sweep", 4, 8, None),
        ("sweep", 5, 20, 15),
    ]
    assert built.rows("select * from fct_waste where team = 'namesake'") == []


def test_idle_capacity_is_waste_once_and_as_the_ledger_has_it(built: Built) -> None:
    assert built.rows(
        "select billing_currency, sum(effective_cost) from fct_waste where waste_kind = 'unallocated_capacity'"
        " group by all"
    ) == built.rows(
        "select billing_currency, sum(allocated_effective_cost) from fct_cost_allocations"
        " where idle_type = 'unallocated_capacity' and allocated_effective_cost > 0 group by all"
    )


def test_no_amount_has_more_waste_than_cost_and_the_check_tells_what_was_left_on(built: Built) -> None:
    with built.connect() as warehouse:
        assert waste_is_part_of_the_ledger(warehouse).passed
        outcome = nothing_is_left_running(warehouse)
    [notebook] = outcome.offenders
    assert notebook.subject == "forgotten (aws-payer)"
    assert notebook.expected == "switched off when nobody needs it; wasteful answers"
