"""A thousand random topologies in one bill: whatever is missing, zero, negative or cyclic, every hop sums exactly.

dbt's own tests of the models (conservation of each hop, shares, unique keys) run in the build and fail it. One build
holds all topologies, each in clusters, buckets and accounts of its own, so that more of them cost little more time.
FINOPS_TEST_SEED tries other topologies, FINOPS_TEST_TOPOLOGIES more of them.
"""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from ledger_fixture import DAY, LEDGER_ALONE, Built, Ledger
from random_ledger import COSTS, random_rules, throw, written

from finops_pipeline.checks.waste import waste_is_part_of_the_ledger

TOPOLOGIES = int(os.environ.get("FINOPS_TEST_TOPOLOGIES", "1000"))
SEED = os.environ.get("FINOPS_TEST_SEED", "1")

WASTE = (
    "int_resource_days",
    "int_allocations_classified_by_use",
    "int_places_without_driver",
    "int_storage_costs_by_dataset",
    "fct_storage_unit_costs",
    "fct_waste",
)


@pytest.fixture(scope="module")
def randomly(ledgers: Path) -> Built:
    """A bill of random topologies under random rules."""
    dice = random.Random(SEED)
    rules = written(random_rules(dice, DAY), ledgers / "random.yaml")
    ledger = Ledger(ledgers / "random", rules=rules)
    throw(dice, ledger, TOPOLOGIES, DAY)
    return ledger.build(selected=("fct_allocation_alternatives", "focus_allocated", *WASTE, *LEDGER_ALONE))


def test_every_day_of_every_account_sums_to_the_bill_in_all_four_costs(randomly: Built) -> None:
    key = "source_name, sub_account_id, billing_currency, charge_date, charge_category"
    billed = ", ".join(f"sum({cost}_cost)" for cost in COSTS)
    allocated = ", ".join(f"sum(allocated_{cost}_cost)" for cost in COSTS)
    assert randomly.rows(
        f"select {key}, {billed} from int_charges_attributed_to_owners group by all order by all"
    ) == randomly.rows(f"select {key}, {allocated} from fct_cost_allocations group by all order by all"), SEED


def test_no_part_has_the_other_sign_than_what_it_was_cut_from(randomly: Built) -> None:
    for cost in COSTS:
        assert randomly.rows(f"""
            select count(*) from fct_allocation_steps as parts
            inner join (
                select pool_id, {cost}_cost as cost from int_pools
                union all select allocation_id, allocated_{cost}_cost from fct_allocation_steps where not is_final
            ) as pools using (pool_id)
            where sign(parts.allocated_{cost}_cost) * sign(pools.cost) < 0
        """) == [(0,)], SEED


def test_ratios_in_focus_and_differences_to_the_alternative_are_whole(randomly: Built) -> None:
    # split_charges_are_whole ran in the build; here that there was something to hold it against
    assert randomly.rows("select count(distinct x_SplitOriginId) > 100 from focus_allocated") == [(True,)], SEED
    differences = ", ".join(f"sum({cost}_cost_difference)" for cost in COSTS)
    months = randomly.rows(
        f"select {differences} from fct_allocation_alternatives group by rule, cluster, gpu_model, capacity_type"
    )
    assert len(months) > 10, SEED
    assert set(months) == {(0, 0, 0, 0)}, SEED


def test_waste_is_every_idle_amount_and_nowhere_more_than_the_ledger(randomly: Built) -> None:
    with randomly.connect() as warehouse:
        outcome = waste_is_part_of_the_ledger(warehouse)
    assert outcome.passed, (SEED, outcome.offenders[:3])
    idle = "idle_type, billing_currency"
    assert randomly.rows(
        "select waste_kind, billing_currency, sum(effective_cost) from fct_waste"
        " where waste_kind in (select idle_type from fct_cost_allocations) group by all order by all"
    ) == randomly.rows(
        f"select {idle}, sum(allocated_effective_cost) from fct_cost_allocations"
        " where is_idle and allocated_effective_cost > 0 group by all order by all"
    ), SEED
    assert len(randomly.rows("select distinct waste_kind from fct_waste")) > 3, SEED


def test_the_dice_fell_on_every_kind_of_step(randomly: Built) -> None:
    steps = Counter(dict(randomly.rows("select step, count(*) from fct_cost_allocations group by step")))
    assert set(steps) == {"direct", "usage", "service", "overhead", "rest"}, SEED
    assert sum(steps.values()) > TOPOLOGIES
    assert randomly.rows("select count(*) > 0 from fct_allocation_steps where hop = 2")[0][0], SEED
    methods = {method for (method,) in randomly.rows("select distinct method from fct_allocation_steps")}
    assert methods >= {"reciprocal", "closed_loop", "missing_driver", "commitment_benefit"}, SEED
