"""The first rule for unusual days: what it sees, what it leaves alone, and on which evidence."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from finops_pipeline.checks.daily_cost import daily_cost_is_usual

FIRST_DAY = date(2026, 9, 1)
LAST_DAY = date(2026, 10, 31)
NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
DAYS = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]


class Ledger:
    """Daily costs by service, as the check reads them."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            """
            create table fct_cost_allocations (
                source_name varchar, service_name varchar, billing_currency varchar, charge_date date,
                charge_category varchar, allocated_effective_cost decimal(38, 18)
            )
            """
        )

    def add(self, costs, service="EC2", category="Usage", source="aws-payer"):
        rows = [(source, service, "USD", day, category, cost) for day, cost in costs.items()]
        self.connection.executemany("insert into fct_cost_allocations values (?, ?, ?, ?, ?, ?)", rows)

    def offenders(self, now=NOW):
        return [offender.subject for offender in daily_cost_is_usual(self.connection, now).offenders]


def steady(level=1000.0, wiggle=20.0):
    """A level with a small, repeating deviation."""
    return {day: level + wiggle * ((number * 7) % 5 - 2) for number, day in enumerate(DAYS)}


@pytest.fixture
def ledger():
    return Ledger()


def test_steady_service_is_usual(ledger):
    ledger.add(steady())
    assert ledger.offenders() == []


@pytest.mark.parametrize("cost", [3000.0, 100.0])
def test_day_far_above_or_below_the_days_before_it_is_found(ledger, cost):
    ledger.add(steady() | {date(2026, 10, 28): cost})
    assert ledger.offenders() == ["aws-payer EC2 2026-10-28"]


def test_finding_tells_observed_and_expected_range_and_what_to_do(ledger):
    ledger.add(steady() | {date(2026, 10, 28): 3000.0})
    outcome = daily_cost_is_usual(ledger.connection, NOW)
    assert outcome.offenders[0].observed == "3,000.00 USD (+2,000.00)"
    assert outcome.offenders[0].expected.endswith("(median 1,000.00)")
    assert "1 of 7 service-days" in outcome.observed
    assert outcome.next_step


def test_service_that_stopped_is_found_although_it_has_no_rows(ledger):
    stopped = {day: cost for day, cost in steady().items() if day < date(2026, 10, 30)}
    ledger.add(stopped)
    ledger.add(steady(), service="S3")
    assert ledger.offenders() == ["aws-payer EC2 2026-10-30", "aws-payer EC2 2026-10-31"]


def test_days_that_ended_less_than_two_days_ago_are_not_judged(ledger):
    ledger.add(steady() | {date(2026, 10, 31): 1.0})
    assert ledger.offenders(datetime(2026, 11, 2, 23, tzinfo=UTC)) == []
    assert ledger.offenders(datetime(2026, 11, 3, 0, tzinfo=UTC)) == ["aws-payer EC2 2026-10-31"]


def test_days_to_come_are_neither_judged_nor_evidence(ledger):
    """Fees are dated to the month's end: 800 a day for days that have not been would hide the fall of one that has."""
    to_come = {day: 800.0 for day in DAYS if day > date(2026, 10, 20)}
    ledger.add(steady() | {date(2026, 10, 17): 100.0} | to_come)
    assert ledger.offenders(datetime(2026, 10, 20, 6, tzinfo=UTC)) == ["aws-payer EC2 2026-10-17"]


def test_only_the_last_week_is_told_again_every_morning(ledger):
    ledger.add(steady() | {date(2026, 10, 24): 3000.0})
    assert ledger.offenders() == []
    ledger.add({date(2026, 10, 25): 2000.0})
    assert ledger.offenders() == ["aws-payer EC2 2026-10-25"]


def test_service_that_jumps_every_weekend_is_usual_on_a_weekend(ledger):
    ledger.add({day: 2000.0 if day.weekday() >= 5 else 1000.0 for day in DAYS})
    assert ledger.offenders() == []


def test_what_is_small_beside_the_source_is_left_alone(ledger):
    ledger.add(steady())
    ledger.add(steady(level=1.0, wiggle=0.0) | {date(2026, 10, 28): 15.0}, service="SQS")
    assert ledger.offenders() == []


def test_constant_cost_can_alarm_too(ledger):
    ledger.add(steady(wiggle=0.0) | {date(2026, 10, 28): 1100.0})
    assert ledger.offenders() == ["aws-payer EC2 2026-10-28"]


def test_service_with_less_than_ten_days_of_history_is_not_judged(ledger):
    ledger.add(steady())
    ledger.add({date(2026, 10, 23) + timedelta(days=n): 500.0 for n in range(9)}, service="Bedrock")
    assert ledger.offenders() == []


@pytest.mark.parametrize("category", ["Tax", "Credit", "Purchase", "Adjustment"])
def test_what_falls_on_one_day_of_the_month_by_nature_is_left_alone(ledger, category):
    ledger.add(steady())
    ledger.add({date(2026, 10, 28): 50000.0}, category=category)
    assert ledger.offenders() == []


def test_sources_are_compared_with_themselves_only(ledger):
    ledger.add(steady(level=100000.0), source="gcp-main")
    ledger.add(steady() | {date(2026, 10, 28): 3000.0})
    assert ledger.offenders() == ["aws-payer EC2 2026-10-28"]


def test_empty_ledger_is_usual(ledger):
    assert daily_cost_is_usual(ledger.connection, NOW).passed
