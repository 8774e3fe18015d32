"""Yearly budgets over fourteen months of known costs: what fct_budget_status says beside a plain computation."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_fixture import LEDGER_ALONE, Built, Ledger

from finops_pipeline.side_files.budgets import Budgets

FIRST_DAY, LAST_DAY = date(2025, 12, 1), date(2027, 1, 12)

COSTS: dict[str, Callable[[date], int]] = {
    # serves twice as much from July on
    "grown": lambda day: 10 if day < date(2026, 7, 1) else 20,
    "subscriber": lambda day: 63 if day.day == 1 else 3,
    # never the same on two days, quiet at weekends
    "restless": lambda day: (30 + day.toordinal() * 37 % 11) * (1 if day.isoweekday() > 5 else 3),
}

_MODELS = (
    "focus_cost_and_usage", "int_charges_by_day", "int_allocations_classified_by_use", "int_budget_costs",
    "int_budget_costs_by_day", "int_budget_forecasts", "fct_budget_status", "dim_date", *LEDGER_ALONE,
)  # fmt: skip
_YEAR: dict[str, Any] = {"owner": "finance", "currency": "USD", "period": "year"}
BUDGETS = Budgets.model_validate(
    {
        "budgets": (
            {**_YEAR, "name": "grown", "amount": "5000", "cost": {"team": ["grown"]}},
            {**_YEAR, "name": "subscriber", "amount": "1900", "cost": {"team": ["subscriber"]}},
            {**_YEAR, "name": "restless", "amount": "50000", "cost": {"team": ["restless"]}},
            {**_YEAR, "name": "all", "amount": "40000"},
            {**_YEAR, "name": "part-of-all", "share": {"of": "all", "percent": "12.5"}, "cost": {"team": ["grown"]}},
            {**_YEAR, "name": "part-of-total", "share": {"of": "total", "percent": "20"}, "cost": {"team": ["grown"]}},
        )
    }
)


@pytest.fixture(scope="module")
def spent(ledgers: Path) -> Built:
    """Fourteen months of three teams, and their budgets."""
    return built(Ledger(ledgers / "year", budgets=BUDGETS))


@pytest.fixture(scope="module")
def spent_in_fiscal_years(ledgers: Path) -> Built:
    """The same where years begin in April, and a quarter."""
    quarter = {**_YEAR, "name": "quarter", "period": "quarter", "amount": "1000", "cost": {"team": ["grown"]}}
    listed = Budgets.model_validate({"fiscal_year_begins": 4, "budgets": (*BUDGETS.budgets, quarter)})
    return built(Ledger(ledgers / "fiscal-year", budgets=listed))


def built(ledger: Ledger) -> Built:
    """What the three teams spent, and how their budgets stand."""
    for day in days(FIRST_DAY, LAST_DAY):
        for team, cost in COSTS.items():
            ledger.charge(str(cost(day)), day=day, team=team, service_name=team)
    return ledger.build(selected=_MODELS)


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(number) for number in range((last - first).days + 1))


def cost(team: str, first: date, last: date) -> int:
    return sum(COSTS[team](day) for day in days(first, last))


def standing(built: Built, budget: str, as_of: date, columns: str) -> tuple:
    [row] = built.rows(f"select {columns} from fct_budget_status where budget = '{budget}' and as_of = '{as_of}'")
    return row


OCTOBER = date(2026, 10, 23)


def test_what_is_not_there_has_a_reason_and_nothing_else_has_one(spent: Built) -> None:
    complete = "forecast is not null and forecast_lower is not null and budget_amount is not null"
    assert spent.rows(f"select * from fct_budget_status where (reason is null) <> ({complete})") == []
    told = spent.rows("select distinct reason from fct_budget_status where forecast is not null and reason is not null")
    assert told == [("no interval yet: too few earlier forecasts can be held against what came",)]


def test_a_year_goes_on_as_the_month_and_the_last_weeks_do(spent: Built) -> None:
    columns = "period, period_start, period_end, actual_to_date, forecast, variance_percent, status, runs_out_on"
    actual = 181 * 10 + (31 + 31 + 30 + 23) * 20
    forecast = actual + (8 + 30 + 31) * 20
    assert (actual, forecast) == (4110, 5490)
    assert standing(spent, "grown", OCTOBER, columns) == (
        "2026", date(2026, 1, 1), date(2026, 12, 31), actual, forecast, Decimal("9.8"), "forecast_over_budget",
        # 890 are left: 44 days at 20 and half of the next
        OCTOBER + timedelta(45),
    )  # fmt: skip


def test_a_monthly_fee_is_in_the_rest_of_the_year(spent: Built) -> None:
    actual = 296 * 3 + 10 * 60
    # October as it will have been, and the last 56 days, with the fees of September and October: half and half
    a_day_later = (Decimal(31 * 3 + 60) / 31 + Decimal(56 * 3 + 2 * 60) / 56) / 2
    forecast = actual + 8 * 3 + 61 * a_day_later
    columns = "actual_to_date, forecast, status, runs_out_on"
    assert standing(spent, "subscriber", OCTOBER, columns) == (actual, round(forecast, 2), "on_track", None)
    # in fact two more fees come
    assert abs(forecast - (365 * 3 + 12 * 60)) < 5


def test_the_interval_of_a_year_holds_in_most_months_what_the_year_cost(spent: Built) -> None:
    year = cost("restless", date(2026, 1, 1), date(2026, 12, 31))
    columns = "actual_to_date, forecast_lower, forecast_upper"
    held = []
    for month in range(2, 13):
        as_of = date(2026, month, 10)
        actual, lower, upper = standing(spent, "restless", as_of, columns)
        assert actual == cost("restless", date(2026, 1, 1), as_of)
        held.append(lower <= year <= upper)
    assert held.count(True) >= 9


def test_the_interval_of_a_year_is_the_months_as_a_part_of_what_is_to_come_and_wider_by_the_day(spent: Built) -> None:
    as_of = date(2026, 10, 10)
    [(rest, half_width)] = spent.rows(
        "select rest_of_month, half_width from int_budget_forecasts"
        f" where budget_key = 'restless@' and as_of = '{as_of}'"
    )
    actual, forecast, lower, upper = standing(
        spent, "restless", as_of, "actual_to_date, forecast, forecast_lower, forecast_upper"
    )
    error = half_width / rest * (forecast - actual) * (1 + Decimal(30 + 31) / 80)
    assert (lower, upper) == (forecast - round(error, 2), forecast + round(error, 2))


def test_a_year_is_no_less_known_on_a_months_last_days(spent: Built) -> None:
    widths = dict(
        spent.rows("select as_of, forecast_upper - forecast_lower from fct_budget_status where budget = 'restless'")
    )
    for month in range(3, 13):
        end = date(2026, month, 1) - timedelta(1)
        known = widths[end - timedelta(14)]
        assert all(widths[day] < known for day in days(end - timedelta(5), end)), end


def test_a_share_of_a_years_budget_is_that_part_of_its_amount(spent: Built) -> None:
    columns = "budget_amount, actual_to_date, forecast, actual_percent, variance_percent, status, runs_out_on"
    assert standing(spent, "part-of-all", OCTOBER, columns) == (
        5000, 4110, 5490, Decimal("82.2"), Decimal("9.8"), "forecast_over_budget", OCTOBER + timedelta(45)
    )  # fmt: skip


def test_a_share_of_the_total_is_that_part_of_what_the_whole_year_is_forecast_to_cost(spent: Built) -> None:
    (total,) = standing(spent, "all", OCTOBER, "forecast")
    spent_by_all = sum(cost(team, date(2026, 1, 1), date(2026, 12, 31)) for team in COSTS)
    assert abs(total / spent_by_all - 1) < Decimal("0.01")
    amount, actual, forecast, variance, status = standing(
        spent, "part-of-total", OCTOBER, "budget_amount, actual_to_date, forecast, variance_percent, status"
    )
    assert (amount, actual, forecast) == (round(total / 5, 2), 4110, 5490)
    assert (round(variance, 2), status) == (round((5490 / amount - 1) * 100, 2), "on_track")


def test_on_its_last_day_a_year_is_what_it_cost_and_the_next_one_begins_at_nothing(spent: Built) -> None:
    columns = "period, actual_to_date, forecast, forecast_lower, forecast_upper, status, runs_out_on"
    # 4,110 by 23 October and 20 a day: 5,000 were reached within 7 December
    assert standing(spent, "grown", date(2026, 12, 31), columns) == (
        "2026", 5490, 5490, 5490, 5490, "over_budget", date(2026, 12, 7)
    )  # fmt: skip
    assert standing(spent, "grown", date(2027, 1, 1), columns)[:4] == ("2027", 20, 7300, 7300)


def test_a_year_that_began_before_the_ledger_is_unknown_to_its_end(spent: Built) -> None:
    told = spent.rows("select distinct status, forecast, reason from fct_budget_status where period = '2025'")
    assert {(status, forecast) for status, forecast, _ in told} == {("unknown", None)}
    assert {reason for *_, reason in told} == {
        "the ledger begins within this period: its first days are unknown",
        "the first days of this period are unknown",
    }


def test_a_fiscal_year_begins_in_its_month_and_is_called_by_the_year_it_ends_in(spent_in_fiscal_years: Built) -> None:
    columns = "period, period_start, period_end, actual_to_date, forecast, variance_percent, status, runs_out_on"
    actual = 91 * 10 + (31 + 31 + 30 + 23) * 20
    forecast = actual + (8 + 30 + 31 + 31 + 28 + 31) * 20
    assert (actual, forecast) == (3210, 6390)
    assert standing(spent_in_fiscal_years, "grown", OCTOBER, columns) == (
        "FY2027", date(2026, 4, 1), date(2027, 3, 31), actual, forecast, Decimal("27.8"), "forecast_over_budget",
        # 1,790 are left: 89 days at 20 and half of the next
        OCTOBER + timedelta(90),
    )  # fmt: skip
    total, amount = (
        standing(spent_in_fiscal_years, name, OCTOBER, "forecast, budget_amount") for name in ("all", "part-of-total")
    )
    assert amount[1] == round(total[0] / 5, 2)


def test_a_fiscal_years_quarters_are_counted_from_its_first_month(spent_in_fiscal_years: Built) -> None:
    columns = "period, period_start, period_end, actual_to_date, forecast"
    assert standing(spent_in_fiscal_years, "quarter", OCTOBER, columns) == (
        "FY2027-Q3", date(2026, 10, 1), date(2026, 12, 31), 460, 92 * 20
    )  # fmt: skip
    assert standing(spent_in_fiscal_years, "quarter", date(2026, 3, 31), columns)[:4] == (
        "FY2026-Q4", date(2026, 1, 1), date(2026, 3, 31), 900
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "named"),
    [
        ("2026-03-31", ("FY2026", "FY2026-Q4", 12)),
        ("2026-04-01", ("FY2027", "FY2027-Q1", 1)),
        ("2026-10-24", ("FY2027", "FY2027-Q3", 7)),
    ],
)
def test_the_calendar_names_fiscal_years_and_quarters_as_budgets_do(
    spent_in_fiscal_years: Built, day: str, named: tuple[str, str, int]
) -> None:
    fiscal = f"select fiscal_year, fiscal_quarter, fiscal_month from dim_date where date_day = '{day}'"
    assert spent_in_fiscal_years.rows(fiscal) == [named]


def test_without_a_month_of_their_own_fiscal_years_are_those_of_the_calendar(spent: Built) -> None:
    fiscal = "select fiscal_year, fiscal_quarter, fiscal_month from dim_date where date_day = '2026-10-24'"
    assert spent.rows(fiscal) == [("2026", "2026-Q4", 10)]


def test_a_share_of_a_total_that_credits_bring_to_nothing_is_not_known(ledgers: Path) -> None:
    share = {**_YEAR, "period": "month", "share": {"of": "total", "percent": "20"}, "cost": {"team": ["grown"]}}
    ledger = Ledger(ledgers / "credited", budgets=Budgets.model_validate({"budgets": ({**share, "name": "part"},)}))
    for day in days(date(2026, 9, 1), date(2026, 11, 1)):
        ledger.charge("10", day=day, team="grown", service_name="grown")
    ledger.charge("-310", day=date(2026, 10, 31), team="other", service_name="credits", charge_category="Credit")
    standing = ledger.build(selected=_MODELS).rows(
        "select budget_amount, actual_to_date, actual_percent, status, reason from fct_budget_status"
        " where as_of = '2026-10-31'"
    )
    assert standing == [
        (None, 310, None, "unknown", "the forecast of the total, of which it is a share, is not known or not above 0")
    ]
