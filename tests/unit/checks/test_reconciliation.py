"""A cent lost, invented, moved to another day or not accounted for at all is found, to the last digit."""

from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest

from finops_pipeline.checks.reconciliation import (
    every_day_is_allocated_exactly,
    normalized_total_equals_allocated_total,
    raw_total_equals_normalized_total,
)

LEDGER = [
    {
        "source_name": "aws-payer",
        "billing_period": "2026-10",
        "status": "live",
        "totals": [{"billing_currency": "USD", "cost_basis": "billed"}],
    }
]
OPEN, CLOSED = datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 6, tzinfo=UTC)
COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table fct_reconciliation as
            select 'aws-payer' as source_name, '2026-10' as billing_period, 'USD' as billing_currency,
                'billed' as cost_basis, 3::decimal(38, 18) as raw_cost, 0::decimal(38, 18) as rounding_difference,
                3::decimal(38, 18) as normalized_cost, 3::decimal(38, 18) as allocated_cost,
                0::decimal(38, 18) as raw_to_normalized_difference,
                0::decimal(38, 18) as pairing_difference,
                0::decimal(38, 18) as amortization_difference,
                0::decimal(38, 18) as normalized_to_allocated_difference
            """
        )
        columns = ", ".join(f"1::decimal(38, 18) as {name}" for name in COSTS)
        allocated = ", ".join(f"1::decimal(38, 18) as allocated_{name}" for name in COSTS)
        facts = "'aws-payer' as source_name, 'USD' as billing_currency, date '2026-10-01' + n::integer as charge_date"
        charges = f"select {facts}, 1 as charges, {columns} from range(3) t (n)"
        connection.execute(f"create table int_charge_totals_by_day as {charges}")
        connection.execute(f"create table int_charges_attributed_to_owners as {charges}")
        connection.execute(f"create table fct_cost_allocations as select {facts}, {allocated} from range(3) t (n)")
        yield connection


def test_books_that_balance_pass_all_three_checks_for_each_source_and_month(warehouse):
    raw = raw_total_equals_normalized_total(warehouse, LEDGER, OPEN)
    normalized = normalized_total_equals_allocated_total(warehouse)
    days = every_day_is_allocated_exactly(warehouse)
    assert (raw.passed, normalized.passed, days.passed) == (True, True, True)
    assert [(s.subject, s.observed) for s in (*raw.confirmed, *normalized.confirmed, *days.confirmed)] == [
        ("aws-payer 2026-10 USD billed", "delivered 3, normalized 3, rounding 0: off by 0"),
        ("aws-payer 2026-10 USD billed", "normalized 3, allocated 3: off by 0"),
        ("aws-payer 2026-10 USD", "3 days, none differs"),
    ]


def test_smallest_possible_difference_to_the_delivery_is_found_and_told_in_full(warehouse):
    warehouse.execute("update fct_reconciliation set raw_to_normalized_difference = '0.000000000000000001'")
    outcome = raw_total_equals_normalized_total(warehouse, LEDGER, OPEN)
    assert [offender.subject for offender in outcome.offenders] == ["aws-payer 2026-10 USD billed"]
    assert "off by 0.000000000000000001" in outcome.offenders[0].observed


def test_unknown_difference_is_not_taken_for_zero(warehouse):
    warehouse.execute("update fct_reconciliation set raw_to_normalized_difference = null")
    warehouse.execute("update fct_reconciliation set normalized_to_allocated_difference = null")
    assert not raw_total_equals_normalized_total(warehouse, LEDGER, OPEN).passed
    assert not normalized_total_equals_allocated_total(warehouse).passed


def test_basis_that_nobody_delivered_has_nothing_to_be_held_against(warehouse):
    warehouse.execute("update fct_reconciliation set cost_basis = 'effective', raw_to_normalized_difference = null")
    assert raw_total_equals_normalized_total(warehouse, [], OPEN).passed


def test_azure_exports_that_are_no_pair_are_told_apart_until_their_month_is_closed(warehouse):
    warehouse.execute("update fct_reconciliation set raw_to_normalized_difference = 2, pairing_difference = 2")
    assert raw_total_equals_normalized_total(warehouse, LEDGER, OPEN).passed
    closed = raw_total_equals_normalized_total(warehouse, LEDGER, CLOSED)
    assert "show different usage" in closed.offenders[0].observed


def test_what_amortization_moved_is_no_difference_and_anything_beyond_it_is(warehouse):
    warehouse.execute("update fct_reconciliation set raw_to_normalized_difference = 2, amortization_difference = 2")
    assert raw_total_equals_normalized_total(warehouse, LEDGER, CLOSED).passed
    warehouse.execute("update fct_reconciliation set raw_to_normalized_difference = 2.5")
    assert not raw_total_equals_normalized_total(warehouse, LEDGER, CLOSED).passed


def test_difference_beyond_the_pairing_difference_is_found(warehouse):
    warehouse.execute("update fct_reconciliation set raw_to_normalized_difference = 3, pairing_difference = 2")
    assert not raw_total_equals_normalized_total(warehouse, LEDGER, OPEN).passed


def test_delivered_total_that_the_mart_does_not_know_is_found(warehouse):
    warehouse.execute("delete from fct_reconciliation")
    outcome = raw_total_equals_normalized_total(warehouse, LEDGER, OPEN)
    assert [offender.subject for offender in outcome.offenders] == ["aws-payer 2026-10 USD billed"]


def test_deliveries_that_do_not_count_are_not_asked_for(warehouse):
    warehouse.execute("delete from fct_reconciliation")
    assert raw_total_equals_normalized_total(warehouse, [{**LEDGER[0], "status": "superseded"}], OPEN).passed


def test_money_lost_between_bill_and_ledger_is_found(warehouse):
    warehouse.execute("update fct_reconciliation set normalized_to_allocated_difference = -30")
    assert "off by -30" in normalized_total_equals_allocated_total(warehouse).summary()


@pytest.mark.parametrize("cost", COSTS)
def test_day_with_another_sum_in_any_of_the_four_costs_is_found(warehouse, cost):
    warehouse.execute(
        f"update fct_cost_allocations set allocated_{cost} = '1.000000000000000001' where charge_date = '2026-10-02'"
    )
    outcome = every_day_is_allocated_exactly(warehouse)
    assert [offender.subject for offender in outcome.offenders] == ["aws-payer USD 2026-10-02"]


def test_cost_moved_to_another_day_is_found_on_both_days_although_the_month_adds_up(warehouse):
    warehouse.execute("update fct_cost_allocations set charge_date = '2026-10-03' where charge_date = '2026-10-01'")
    subjects = {offender.subject for offender in every_day_is_allocated_exactly(warehouse).offenders}
    assert subjects == {"aws-payer USD 2026-10-01", "aws-payer USD 2026-10-03"}


def test_day_that_only_one_side_has_is_found_even_when_it_cost_nothing(warehouse):
    for table in ("int_charges_attributed_to_owners", "int_charge_totals_by_day", "fct_cost_allocations"):
        prefix = "allocated_" if table.startswith("fct") else ""
        zero = ", ".join(f"{prefix}{name} = 0" for name in COSTS)
        warehouse.execute(f"update {table} set {zero}")
    warehouse.execute("delete from fct_cost_allocations where charge_date = '2026-10-02'")
    outcome = every_day_is_allocated_exactly(warehouse)
    assert [offender.subject for offender in outcome.offenders] == ["aws-payer USD 2026-10-02"]


@pytest.mark.parametrize(
    ("change", "charges"),
    [
        ("delete from {charges} where charge_date = '2026-10-02'", "0 charges"),
        ("insert into {charges} from {charges} where charge_date = '2026-10-02'", "2 charges"),
        *((f"update {{charges}} set {cost} = 1.5 where charge_date = '2026-10-02'", "1 charge") for cost in COSTS),
    ],
)
def test_charges_that_the_warehouse_lost_won_or_changed_since_they_were_summed_up_are_found(warehouse, change, charges):
    warehouse.execute(change.format(charges="int_charges_attributed_to_owners"))
    outcome = every_day_is_allocated_exactly(warehouse)
    [offender] = outcome.offenders
    assert offender.subject == "2026-10-02"
    assert offender.observed.startswith(f"{charges} in the warehouse: billed ")
    assert offender.expected == "1 charge as summed up: billed 1, effective 1, list 1, contracted 1"
    assert offender.observed != offender.expected
    assert "finops run --rebuild" in outcome.next_step


def test_amounts_are_told_with_every_digit_of_a_wide_decimal(warehouse):
    wide = Decimal("12345678901234567890.123456789012345678")
    warehouse.execute("update fct_reconciliation set raw_cost = ?, raw_to_normalized_difference = 1", [wide])
    assert str(wide) in raw_total_equals_normalized_total(warehouse, LEDGER, OPEN).offenders[0].observed
