"""Waste is part of the ledger: each fault that would call more waste than there is cost is told by its amount."""

import duckdb
import pytest

from finops_pipeline.checks.waste import waste_is_part_of_the_ledger

AMOUNT = 10


def ledger(waste: list[tuple[str, int, int | None]], refund: int = 0) -> duckdb.DuckDBPyConnection:
    """An amount of 10 of a pool that may hold a refund, and its wasted parts: (amount's id, cost, avoidable cost)."""
    warehouse = duckdb.connect()
    money = "decimal(38, 18)"
    warehouse.execute(f"create table fct_waste (allocation_id text, effective_cost {money}, avoidable_cost {money})")
    warehouse.executemany("insert into fct_waste values (?, ?, ?)", waste)
    warehouse.execute(
        "create table fct_cost_allocations as select 'a' as allocation_id, 'pool' as pool_id,"
        f" cast({AMOUNT} as {money}) as allocated_effective_cost"
    )
    warehouse.execute(
        "create table int_charges_assigned_to_pools as select 'pool' as pool_id,"
        f" cast(unnest([{AMOUNT + refund}, {-refund}]) as {money}) as effective_cost"
    )
    return warehouse


def test_an_amount_may_be_wasted_whole_and_in_parts():
    with ledger([("a", 4, 4), ("a", 6, None)]) as warehouse:
        outcome = waste_is_part_of_the_ledger(warehouse)

    assert outcome.passed
    assert outcome.observed == "0 of 1 amounts have more waste than cost"


@pytest.mark.parametrize(
    ("waste", "told"),
    [
        ([("a", 4, None), ("a", 7, None)], "11 called waste"),
        ([("a", 4, 5)], "4 called waste"),
        ([("a", -4, None)], "-4 called waste"),
        ([("nobody's", 4, None)], "4 called waste"),
    ],
    ids=["more than the amount", "more avoidable than wasted", "less than nothing", "of no amount of the ledger"],
)
def test_more_waste_than_cost_is_told(waste: list[tuple[str, int, int | None]], told: str):
    with ledger(waste) as warehouse:
        outcome = waste_is_part_of_the_ledger(warehouse)

    assert not outcome.passed
    assert [offender.observed for offender in outcome.offenders] == [told]


def test_what_was_wasted_before_a_refund_may_be_more_than_what_is_left():
    with ledger([("a", 11, None)], refund=5) as warehouse:
        assert waste_is_part_of_the_ledger(warehouse).passed


def test_a_refund_excuses_no_more_waste_than_it_gave_back():
    with ledger([("a", 8, None), ("a", 8, None)], refund=5) as warehouse:
        [offender] = waste_is_part_of_the_ledger(warehouse).offenders
    assert (offender.observed, offender.expected) == ("16 called waste", "at most 15")
