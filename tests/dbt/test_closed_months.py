"""A closed month stays as it is: new months and rules that hold from a later day on change none of its digits."""

import random
from datetime import date
from pathlib import Path

import pytest
from ledger_fixture import LEDGER_ALONE, Built, Ledger
from random_ledger import SERVICES, in_force, random_rules, throw, written

AUGUST, SEPTEMBER, OCTOBER = (date(2026, month, 1) for month in (8, 9, 10))
TOPOLOGIES = 200
TABLES = ("fct_cost_allocations", "fct_allocation_steps")


def _built(home: Path, rules: list[dict], months: tuple[date, ...]) -> Built:
    home.mkdir()
    ledger = Ledger(home, rules=written(rules, home / "allocation.yaml"))
    for month in months:
        throw(random.Random(f"{month}"), ledger, TOPOLOGIES, month)
    return ledger.build(command="run", selected=LEDGER_ALONE)


@pytest.fixture(scope="module")
def at_first(ledgers: Path) -> Built:
    """August and September under the rules that held then: four shared services, nothing dated but turns in August."""
    return _built(ledgers / "closed-at-first", _first_rules(), (AUGUST, SEPTEMBER))


@pytest.fixture(scope="module")
def later(ledgers: Path) -> Built:
    """The same two months and a third, after other rules and three more services came into force in September."""
    ended = [rule if rule.get("service") else in_force([rule], until=SEPTEMBER)[0] for rule in _first_rules()]
    renewed = [
        {**rule, "name": f"new-{rule['name']}"}
        for rule in in_force(random_rules(random.Random("new"), SEPTEMBER, SERVICES[4:]), since=SEPTEMBER)
    ]
    rules = [*ended, *renewed]
    return _built(ledgers / "closed-later", rules, (AUGUST, SEPTEMBER, OCTOBER))


def _first_rules() -> list[dict]:
    """Without what only some companies ask for: a later rule that brings it in must not reach back."""
    plain = random_rules(random.Random("first"), AUGUST, SERVICES[:4])
    return [
        {key: value for key, value in rule.items() if rule.get("service") or key not in ("window", "weights", "unused")}
        for rule in plain
    ]


@pytest.mark.parametrize("table", TABLES)
def test_a_closed_month_has_the_same_rows_under_later_rules_and_months(
    at_first: Built, later: Built, table: str
) -> None:
    august = f"from {table} where billing_period = '2026-08' order by allocation_id"
    rows = at_first.rows(august)
    assert len(rows) > TOPOLOGIES
    assert later.rows(august) == rows


def test_the_month_from_which_other_rules_hold_is_another(at_first: Built, later: Built) -> None:
    versions = "select distinct rule_version from fct_cost_allocations where billing_period = '2026-{:02}' order by 1"
    assert later.rows(versions.format(8)) == at_first.rows(versions.format(8))
    assert not {*later.rows(versions.format(9))} & {*at_first.rows(versions.format(9))}
    september = "select allocation_id from fct_cost_allocations where billing_period = '2026-09' order by all"
    assert later.rows(september) != at_first.rows(september)
    assert later.rows("select count(*) > 0 from fct_cost_allocations where billing_period = '2026-10'") == [(True,)]
