"""What people decide after a month is closed reaches what tells of it, and leaves the month itself alone."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Company, Finished

_BILL = ("focus_cost_and_usage", "fct_cost_allocations", "fct_allocation_steps")


@pytest.fixture
def decided(published_copy: Company, tmp_path: Path) -> Company:
    """The published company with side files of its own; its exports are the shared ones."""
    folder = tmp_path / "company"
    folder.mkdir()
    for file in published_copy.config.parent.glob("*.yaml"):
        shutil.copy(file, folder)
    return Company(folder / "finops.yaml", published_copy.home)


def _bytes_of_the_bill(company: Company) -> dict[str, bytes]:
    return {name: (company.current / f"{name}.parquet").read_bytes() for name in _BILL}


def _run_that_maps_nothing(company: Company, because_of: str) -> Finished:
    """The next run: no month of the bill is mapped or allocated in it, and none gets other bytes."""
    before = _bytes_of_the_bill(company)
    finished = company.finops("run")
    assert finished.exit_code == 0, finished.output
    [changed] = [line for line in finished.output.splitlines() if "Changed since" in line]
    assert changed.endswith(f": {because_of}.")
    mapped = "select (select count(*) from int_charges_unioned), (select count(*) from int_pools)"
    assert company.query(mapped, warehouse=True) == [(0, 0)]
    assert _bytes_of_the_bill(company) == before
    return finished


def _changed_inputs(company: Company) -> list[tuple]:
    return company.query("select input from int_month_inputs where is_changed", warehouse=True)


def test_an_acknowledged_anomaly_is_told_as_such_and_no_month_is_made_again(decided: Company):
    [(anomaly,)] = decided.query("select anomaly_id from fct_anomalies where entity = 'gpt-5-mini'")
    acknowledged = decided.finops("anomalies", "ack", anomaly, "--as", "expected", "--note", "a test of agents")
    assert acknowledged.exit_code == 0, acknowledged.output

    finished = _run_that_maps_nothing(decided, "feedback, invoices and metrics")

    assert _changed_inputs(decided) == []
    assert "warning daily_cost_is_usual" not in finished.output
    assert decided.query(f"select feedback from fct_anomalies where anomaly_id = '{anomaly}'") == [("expected",)]


def test_a_raised_budget_is_held_against_every_day_and_no_month_is_made_again(decided: Company):
    budgets = decided.config.with_name("budgets.yaml")
    budgets.write_text(budgets.read_text().replace("amount: 580000", "amount: 590000"))

    _run_that_maps_nothing(decided, "budgets and tag policy")

    assert _changed_inputs(decided) == [("side file budgets",)]
    amounts = "select distinct budget_amount from fct_budget_status where budget = 'assistant'"
    assert decided.query(amounts) == [(64_900,)]
