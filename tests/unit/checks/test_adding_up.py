"""The bridge to the bill, and the marts that stand on it: what is found when a sum is off by the last digit."""

import duckdb
import pytest

from finops_pipeline.checks.adding_up import costs_add_up_to_the_bill

LAST_DIGIT = "0.000000000000000001"
MARTS = {"inference": "fct_inference_unit_costs", "training": "fct_training_run_days",
         "storage": "fct_storage_unit_costs"}  # fmt: skip


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    amounts = ", ".join(f"{name} decimal(38, 18)" for name in (
        *(f"{use}_cost" for use in MARTS), "uses_to_ledger_difference", "ledger_to_bill_difference"))  # fmt: skip
    connection.execute(
        f"create table fct_cost_bridge_to_bill (charge_date date, billing_currency text, cost_basis text, {amounts})"
    )
    for basis in ("billed", "effective"):
        connection.execute(
            f"insert into fct_cost_bridge_to_bill values ('2026-10-05', 'USD', '{basis}', 40, 30, 20, 0, 0)"
        )
    for mart, cost in zip(MARTS.values(), (40, 30, 20), strict=True):
        connection.execute(
            f"create table {mart} (charge_date date, billing_currency text, effective_cost decimal(38, 18))"
        )
        connection.execute(f"insert into {mart} values ('2026-10-05', 'USD', {cost - 1}), ('2026-10-05', 'USD', 1)")
    return connection


def test_uses_that_add_up_pass(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert costs_add_up_to_the_bill(warehouse).passed


@pytest.mark.parametrize("column", ["uses_to_ledger_difference", "ledger_to_bill_difference"])
def test_a_difference_in_the_last_digit_offends(warehouse: duckdb.DuckDBPyConnection, column: str) -> None:
    warehouse.execute(f"update fct_cost_bridge_to_bill set {column} = {LAST_DIGIT} where cost_basis = 'billed'")
    outcome = costs_add_up_to_the_bill(warehouse)
    assert [offender.subject for offender in outcome.offenders] == ["2026-10-05 USD billed"]
    assert "0.000000000000000001" in outcome.offenders[0].observed


@pytest.mark.parametrize("mart", MARTS.values())
def test_a_mart_that_shows_other_money_than_its_use_offends(warehouse: duckdb.DuckDBPyConnection, mart: str) -> None:
    warehouse.execute(f"update {mart} set effective_cost = effective_cost + {LAST_DIGIT} where effective_cost = 1")
    outcome = costs_add_up_to_the_bill(warehouse)
    assert [offender.subject for offender in outcome.offenders] == [f"{mart} 2026-10-05 USD"]


def test_a_day_that_a_mart_lacks_offends_and_usage_without_cost_does_not(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("delete from fct_storage_unit_costs")
    warehouse.execute("insert into fct_training_run_days values ('2026-10-06', null, null)")
    outcome = costs_add_up_to_the_bill(warehouse)
    assert [(o.subject, o.observed) for o in outcome.offenders] == [("fct_storage_unit_costs 2026-10-05 USD", "0")]
