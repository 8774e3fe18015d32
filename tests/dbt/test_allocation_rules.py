"""Every kind of allocation rule on a small bill: who pays, through which hops, and what stays visible."""

import json
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ledger_fixture import LEDGER_ALONE, Built, Ledger
from rule_cases import COMBINATIONS, PEAKS, RULES, fill

from finops_pipeline.checks.drivers import shared_services_have_an_exit, windows_are_no_finer_than_charges
from finops_pipeline.explain import explain
from finops_pipeline.rules import load_rules
from finops_pipeline.settings import PROJECT_ROOT

COSTS = ("billed", "effective", "list", "contracted")


@pytest.fixture(scope="module")
def ruled(ledgers: Path) -> Built:
    """The ledger of every case in rule_cases, under its rules; `build` runs the conservation tests of every hop."""
    rules = ledgers / "allocation.yaml"
    rules.write_text(RULES, encoding="utf-8")
    return fill(Ledger(ledgers / "ruled", rules=load_rules(rules))).build()


def amounts(ruled: Built, where: str, columns: str, table: str = "fct_cost_allocations") -> list[tuple[Any, ...]]:
    """The chosen columns and the effective cost without its last digits, which the macro's own tests look at."""
    return ruled.rows(
        f"select {columns}, round(allocated_effective_cost, 12)::decimal(18, 6) from {table} where {where} order by all"
    )


def money(*rows: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Rows whose last value is an amount, written as text."""
    return [(*row[:-1], Decimal(row[-1])) for row in rows]


def test_every_basis_and_idle_policy_gives_the_same_bill(ruled: Built) -> None:
    sums = ", ".join(f"sum(allocated_{cost}_cost)" for cost in COSTS)
    rows = ruled.rows(f"""
        select cluster, {sums} from fct_cost_allocations
        where cluster like '%-%'
        group by cluster order by cluster
    """)
    expected = {
        f"{basis}-{idle}": 24 + (7 if (basis, idle) == ("requested", "spread") else 0) for basis, idle in COMBINATIONS
    }
    assert {row[0]: row[1:] for row in rows} == {name: (cost,) * 4 for name, cost in expected.items()}


@pytest.mark.parametrize(
    ("idle", "carried"),
    [
        ("visible", [(None, "gpu_hours", "9")]),
        ("spread", [("first", "idle_spread", "7.2"), ("second", "idle_spread", "1.8"), (None, "gpu_hours", "7")]),
        ("owner", [("platform", "idle_owner", "9")]),
        ("reservation_holder", [("holder", "idle_reservation_holder", "9")]),
    ],
)
def test_idle_capacity_is_carried_by_whom_the_rule_says_and_stays_idle(
    ruled: Built, idle: str, carried: list[tuple[Any, ...]]
) -> None:
    where = f"cluster = 'requested-{idle}' and is_idle and idle_type = 'unallocated_capacity' and not is_unallocated"
    assert amounts(ruled, where, "team, method") == money(*carried)


@pytest.mark.parametrize(("basis", "held"), [("requested", ("12", "3")), ("used", ("6", "9")), ("max", ("12", "9"))])
def test_each_rule_reads_telemetry_on_its_own_basis(ruled: Built, basis: str, held: tuple[str, str]) -> None:
    where = f"cluster = '{basis}-visible' and not is_idle"
    assert amounts(ruled, where, "workload") == money(("first", held[0]), ("second", held[1]))


def test_idle_hours_are_told_apart_by_who_held_them_and_how(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'typed'", "workload, idle_type, is_unallocated") == money(
        ("chat", None, False, "3"),
        ("pretrain", None, False, "10"),
        (None, "held_idle", False, "8"),
        (None, "over_requested", False, "6"),
        (None, "unallocated_capacity", False, "12"),
        (None, "warm_serving", False, "9"),
    )


def test_what_its_holder_pays_for_without_using_it_is_the_holders_and_idle(ruled: Built) -> None:
    where = "cluster = 'shown' and hop = 1 and is_final"
    assert amounts(ruled, where, "workload, workload_type, idle_type", "fct_allocation_steps") == money(
        ("chat", "serving", "warm_serving", "9"),
        ("chat", "serving", None, "3"),
        ("notebook", "notebook", "held_idle", "8"),
        ("pretrain", "training", "over_requested", "6"),
        ("pretrain", "training", None, "10"),
    )
    # what nobody held is carried by what each of them held, used or not: 12 of 36 is a third
    assert amounts(ruled, "cluster = 'shown' and method = 'idle_spread'", "workload, idle_type") == money(
        ("chat", "unallocated_capacity", "4"),
        ("notebook", "unallocated_capacity", "2.666667"),
        ("pretrain", "unallocated_capacity", "5.333333"),
    )


def test_idle_is_no_more_than_what_is_left_when_others_used_more_than_they_held(ruled: Built) -> None:
    # first asked for 12 and used 6, second asked for 3 and used 9: of 24 hours 9 are idle
    assert amounts(ruled, "cluster = 'used-visible' and is_idle", "idle_type") == money(
        ("over_requested", "6"), ("unallocated_capacity", "3")
    )


def test_machines_billed_by_the_hour_follow_the_hours_and_an_empty_hour_is_idle(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'hourly'", "driver_window, workload, idle_type") == money(
        ("2026-10-05T09", "first", None, "8"),
        ("2026-10-05T10", "second", None, "1"),
        ("2026-10-05T10", None, "unallocated_capacity", "3"),
        ("2026-10-05T11", None, "unallocated_capacity", "3"),
    )


def test_a_charge_longer_than_the_hour_of_its_rule_follows_its_day_and_blocks(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'daily'", "driver_window, workload") == money(
        ("2026-10-05", "first", "12"), ("2026-10-05", None, "12")
    )
    with duckdb.connect(str(ruled.warehouse), read_only=True) as warehouse:
        outcome = windows_are_no_finer_than_charges(warehouse)
    assert [offender.subject for offender in outcome.offenders] == ["hourly aws-payer"]


def test_an_endpoint_by_the_hour_is_paid_by_the_tenants_of_that_hour(ruled: Built) -> None:
    assert amounts(ruled, "rule = 'by-hour'", "driver_window, customer, driver_quantity") == money(
        ("2026-10-05T09", "x", 150, "4.5"), ("2026-10-05T09", "y", 50, "1.5"), ("2026-10-05T10", "x", 150, "2")
    )


def test_a_month_of_tokens_in_one_row_is_told_by_the_day(ruled: Built) -> None:
    assert amounts(ruled, "rule = 'by-the-month'", "team, driver_quantity") == money(
        ("search", 7 * 10**9, "7"), ("vision", 3 * 10**9, "3")
    )


def test_tokens_weigh_by_kind_and_model(ruled: Built) -> None:
    assert amounts(ruled, "rule = 'weighed'", "customer, driver_unit, driver_quantity") == money(
        ("x", "Weighted Tokens", 105, "5.25"), ("y", "Weighted Tokens", 95, "4.75")
    )


def test_lines_that_google_split_over_namespaces_are_the_cost_and_are_not_split_again(ruled: Built) -> None:
    # two clusters alike; the rule for one of them splits what Google found nobody's by telemetry
    columns = "cluster, rule, team, project, idle_type, unallocated_reason"
    assert amounts(ruled, "provider_name = 'Google Cloud'", columns) == money(
        ("gke", "clusters", "vision", None, None, None, "11"),
        ("told", "clusters", "vision", None, None, None, "11"),
        ("told", "leftovers", "vision", None, None, None, "50"),
        (None, "owners", "search", None, None, None, "60"),
        (None, "owners", None, "lab", None, None, "20"),
        (None, None, None, None, "unallocated_capacity", None, "50"),
        (None, None, None, None, None, "system overhead of a cluster", "10"),
    )


def test_the_pods_that_aws_counts_split_the_instance_and_cost_nothing_themselves(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'eks'", "workload, team, idle_type, pool_level") == money(
        ("a", "a", None, "node", "12"), ("b", "b", None, "node", "6"), (None, None, "unallocated_capacity", "node", "6")
    )
    # where the cluster's own telemetry is there, it alone counts
    assert amounts(ruled, "cluster in ('both', 'overnight')", "workload") == money(("told", "24"), ("told", "24"))


def test_a_machine_in_one_line_is_shared_by_the_weights_of_its_parts(ruled: Built) -> None:
    # 80 for 24 GPU-hours, 10 for 100 core-hours, 10 for 50 GiB-hours
    assert amounts(ruled, "cluster = 'shared'", "workload, driver_unit, idle_type") == money(
        ("index", "Weighted GPU-Hours", None, "10"),
        ("train", "Weighted GPU-Hours", None, "50"),
        (None, "Weighted GPU-Hours", "unallocated_capacity", "40"),
    )


def test_lines_for_cores_and_memory_follow_their_own_hours(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'parts'", "driver_unit, workload, driver_quantity, driver_total") == money(
        ("Core-Hours", "index", 80, 160, "8"),
        ("Core-Hours", "train", 20, 160, "2"),
        ("Core-Hours", None, 60, 160, "6"),
        ("GPU-Hours", "train", 12, 24, "40"),
        ("GPU-Hours", None, 12, 24, "40"),
        ("GiB-Hours", "index", 10, 50, "0.8"),
        ("GiB-Hours", "train", 40, 50, "3.2"),
    )


def test_a_weighed_machine_of_which_nobody_counts_cores_follows_its_gpu_hours(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'unmeasured'", "workload, driver_quantity") == money(
        ("train", 12, "5"), (None, 12, "5")
    )


def test_parts_of_a_machine_are_weighed_hour_by_hour(ruled: Built) -> None:
    # the first hour: 80 x 4/8, 10 x 20/100 and 10 x 40/50 are training's. In the second nobody reports cores or
    # memory: they leave their weight to the GPUs
    assert amounts(ruled, "cluster = 'sharedhours'", "driver_window, workload, driver_quantity, driver_total") == money(
        ("2026-10-05T09", "index", Decimal("0.8"), 8, "10"),
        ("2026-10-05T09", "train", 4, 8, "50"),
        ("2026-10-05T09", None, Decimal("3.2"), 8, "40"),
        ("2026-10-05T10", "train", 4, 8, "50"),
        ("2026-10-05T10", None, 4, 8, "50"),
    )


def test_cores_that_nobody_held_in_an_hour_are_idle_in_that_hour(ruled: Built) -> None:
    where = "cluster = 'partshours' and driver_unit <> 'GPU-Hours'"
    assert amounts(ruled, where, "driver_window, driver_unit, workload, driver_quantity") == money(
        ("2026-10-05T09", "Core-Hours", "index", 80, "12.8"),
        ("2026-10-05T09", "Core-Hours", "train", 20, "3.2"),
        ("2026-10-05T09", "GiB-Hours", "index", 10, "0.8"),
        ("2026-10-05T09", "GiB-Hours", "train", 40, "3.2"),
        ("2026-10-05T10", "Core-Hours", None, 100, "16"),
        ("2026-10-05T10", "GiB-Hours", None, 50, "4"),
    )


def test_what_a_machine_sent_over_the_network_follows_it_and_a_shared_gateway_its_owner(ruled: Built) -> None:
    where = "sub_account_id = 'traffic'"
    assert amounts(ruled, where, "cluster, team, workload, idle_type, driver_quantity") == money(
        ("traffic", "vision", "train", None, 18, "9"),
        ("traffic", None, None, "unallocated_capacity", 6, "3"),
        (None, "search", None, None, None, "2"),
    )


def test_a_disk_follows_the_machine_it_is_attached_to_and_an_unattached_one_its_owner(ruled: Built) -> None:
    assert amounts(ruled, "sub_account_id = 'disks'", "cluster, team, workload, idle_type, driver_total") == money(
        ("disks", "vision", "train", None, 24, "3"),
        ("disks", None, None, "unallocated_capacity", 24, "6"),
        (None, "search", None, None, None, "1"),
    )


def test_a_rule_that_changes_from_one_day_to_the_next_keeps_the_days_before(ruled: Built) -> None:
    rows = amounts(ruled, "cluster = 'turn'", "charge_date::varchar, rule, workload")
    assert rows == money(
        ("2026-10-05", "before", "first", "12"),
        ("2026-10-05", "before", "second", "12"),
        ("2026-10-06", "after", "first", "6"),
        ("2026-10-06", "after", "second", "18"),
    )
    versions = ruled.rows("select charge_date::varchar, count(distinct rule_version) from int_pools group by all")
    assert {count for _, count in versions} == {1}
    assert ruled.rows("select count(distinct rule_version) from fct_cost_allocations") == [(2,)]


def test_a_pool_without_telemetry_goes_to_the_owner_that_its_rule_names_and_still_misses_its_driver(
    ruled: Built,
) -> None:
    columns = "team, method, is_unallocated, driver_quantity"
    assert amounts(ruled, "cluster = 'dark'", columns) == money(("platform", "missing_driver", False, None, "5"))
    assert amounts(ruled, "rule like 'unfed%'", "team, cost_center, method, unallocated_reason") == money(
        ("platform", "c-1", "missing_driver", None, "4"),
        (None, None, "missing_driver", "no jobs of unfed/2026-10-05", "3"),
    )


def test_a_rule_gives_an_account_to_an_owner_from_a_day_on_and_leaves_other_tags(ruled: Built) -> None:
    assert amounts(ruled, "sub_account_id = 'sandbox'", "charge_date::varchar, team, project, method") == money(
        ("2026-10-05", "vision", "toys", "owner_tag", "5"), ("2026-10-06", "research", "toys", "owner_rule", "5")
    )


@pytest.mark.parametrize(
    ("rule", "consumer", "unit", "parts"),
    [
        ("models", "team", "Tokens", [("search", 150, "3"), ("vision", 300, "6")]),
        ("endpoint", "team", "GPU-Seconds", [("search", Decimal("0.25"), "2"), ("vision", Decimal("0.75"), "6")]),
        ("airflow", "team", "Jobs", [("search", 1, "2.5"), ("vision", 3, "7.5")]),
        ("vectors", "project", "vectors", [("a", 10**15, "2.5"), ("b", 3 * 10**15, "7.5")]),
        ("seats", "team", "seats", [("search", 4, "8"), ("vision", 1, "2")]),
        ("cores", "team", "Core-Hours", [("search", 2, "2"), ("vision", 4, "4")]),
        ("contract", "team", "Percent", [("search", Decimal("33.3"), "0.333"), ("vision", Decimal("66.7"), "0.667")]),
    ],
)
def test_a_feed_splits_the_pool_of_its_rule(
    ruled: Built, rule: str, consumer: str, unit: str, parts: list[tuple[Any, ...]]
) -> None:
    assert amounts(ruled, f"rule = '{rule}'", f"{consumer}, driver_quantity") == money(*parts)
    assert ruled.rows(f"select distinct driver_unit, step from fct_cost_allocations where rule = '{rule}'") == [
        (unit, "usage")
    ]


def test_each_day_follows_the_driver_of_its_own_rule(ruled: Built) -> None:
    columns = "rule, driver, charge_date::varchar, team, step"
    assert amounts(ruled, "sub_account_id = 'changing'", columns) == money(
        ("broker", "api_calls", "2026-10-05", "search", "service", "3"),
        ("broker", "api_calls", "2026-10-05", "vision", "service", "7"),
        ("broker-by-jobs", "jobs", "2026-10-06", "search", "service", "9"),
        ("broker-by-jobs", "jobs", "2026-10-06", "vision", "service", "1"),
        ("licences", "business_metric", "2026-10-05", "search", "usage", "8"),
        ("licences", "business_metric", "2026-10-05", "vision", "usage", "2"),
        ("licences-by-jobs", "jobs", "2026-10-06", "search", "usage", "9"),
        ("licences-by-jobs", "jobs", "2026-10-06", "vision", "usage", "1"),
    )


def test_services_that_use_one_another_are_solved_and_nothing_is_left_in_the_cycle(ruled: Built) -> None:
    assert amounts(ruled, "rule in ('auth', 'gateway')", "rule, team, step, method") == money(
        ("auth", "search", "service", "api_calls", "4"),
        ("auth", "vision", "service", "api_calls", "3"),
        ("gateway", "search", "service", "api_calls", "2"),
        ("gateway", "vision", "service", "api_calls", "12"),
    )


def test_what_a_service_used_of_another_pool_goes_on_to_its_users(ruled: Built) -> None:
    assert amounts(ruled, "bucket = 'state'", "team, step, method") == money(
        ("search", "service", "api_calls", "2"),
        ("search", "usage", "byte_hours", "3.5"),
        ("vision", "service", "api_calls", "1.5"),
    )
    hops = amounts(ruled, "bucket = 'state' and team = 'vision'", "hop, is_final", "fct_allocation_steps")
    assert hops == money((3, True, "1.5"))
    assert amounts(ruled, "bucket = 'state' and not is_final", "hop, workload", "fct_allocation_steps") == money(
        (1, "auth", "3.5"), (2, "auth", "2"), (2, "gateway", "1.5")
    )


def test_a_closed_loop_of_services_is_named_and_its_cost_stays_visible(ruled: Built) -> None:
    loop = "closed loop of services ping -> pong -> ping"
    assert amounts(ruled, "rule in ('ping', 'pong')", "rule, step, unallocated_reason") == money(
        ("ping", "rest", loop, "2"), ("pong", "rest", loop, "3")
    )


def test_a_service_counted_in_bytes_has_users_of_any_size_and_names_those_whom_the_feed_does_not(ruled: Built) -> None:
    assert amounts(ruled, "rule = 'nat'", "team is null, is_unallocated, unallocated_reason") == money(
        *[(False, False, None, "1")] * 19, (True, True, "the feed names no consumer", "1")
    )


def test_who_pays_for_a_missing_driver_carries_that_cost_in_overhead_too(ruled: Built) -> None:
    assert amounts(ruled, "billing_currency = 'GBP' and rule = 'tax'", "team") == money(
        ("alpha", "1"), ("platform", "3")
    )


def test_overhead_follows_cost_within_its_bounds_and_negative_cost_weighs_nothing(ruled: Built) -> None:
    where = "billing_currency = 'EUR' and rule in ('support', 'tax', 'security')"
    assert amounts(ruled, where, "rule, sub_account_id, team, step, unallocated_reason") == money(
        ("security", "two", "alpha", "overhead", None, "0.5"),
        ("security", "two", "beta", "overhead", None, "0.5"),
        ("support", "two", "alpha", "overhead", None, "3"),
        ("support", "two", "beta", "overhead", None, "7"),
        ("tax", "one", "alpha", "overhead", None, "3"),
        ("tax", "one", "beta", "overhead", None, "1"),
        ("tax", "three", None, "rest", "nobody carries cost of tax/three/EUR/2026-10", "3"),
    )


def test_overhead_beside_payers_of_trillions_is_weighed_in_whole_units(ruled: Built) -> None:
    where = "billing_currency = 'KRW' and step = 'overhead'"
    assert amounts(ruled, where, "team, driver_quantity, driver_total") == money(
        ("alpha", 30 * 10**12, 40 * 10**12, "3"), ("beta", 10 * 10**12, 40 * 10**12, "1")
    )


def test_an_unused_commitment_that_a_rule_spreads_is_carried_and_still_idle(ruled: Built) -> None:
    where = "commitment_discount_id = 'sp-1'"
    assert amounts(ruled, where, "team, idle_type, allocated_billed_cost") == money(
        ("alpha", "unused_commitment", 0, "6"), ("beta", "unused_commitment", 0, "14")
    )


def test_every_charge_is_in_the_ledger_to_the_last_digit(ruled: Built) -> None:
    for cost in COSTS:
        billed = (
            f"select billing_currency, sum({cost}_cost) from int_charges_attributed_to_owners group by all order by all"
        )
        ledger = (
            f"select billing_currency, sum(allocated_{cost}_cost) from fct_cost_allocations group by all order by all"
        )
        assert ruled.rows(billed) == ruled.rows(ledger)


def test_what_a_later_rule_would_also_have_taken_is_counted_in_money(ruled: Built) -> None:
    rows = ruled.rows("""
        select rule, charges, effective_cost::decimal(18, 6) from int_rules_shadowed
        where shadowed_rule = 'owners' and billing_currency = 'USD' and rule in ('sandbox', 'requested-visible')
        order by all
    """)
    assert rows == [("requested-visible", 1, 24), ("sandbox", 1, 5)]


def test_a_closed_loop_of_services_blocks_publishing_by_name(ruled: Built) -> None:
    with duckdb.connect(str(ruled.warehouse), read_only=True) as warehouse:
        outcome = shared_services_have_an_exit(warehouse)
    assert not outcome.passed
    assert [offender.subject for offender in outcome.offenders] == ["ping -> pong -> ping"]


def test_idle_cost_of_two_gpu_models_is_spread_whole_and_at_each_models_own_price(ruled: Built) -> None:
    # koku#6163: 100 and 300 of idle cost became 300 in all
    assert amounts(ruled, "cluster = 'mixed' and is_idle", "gpu_model, team") == money(
        ("a100", "one", "62.5"), ("a100", "two", "37.5"), ("h100", "one", "225"), ("h100", "two", "75")
    )


def test_sharing_idle_cost_and_a_namespace_at_once_keeps_the_total(ruled: Built) -> None:
    # opencost#1124 and kubecost#2359: namespaces of 28, 36 and 18 and idle cost of 30 are 112, however they are shared
    rows = ruled.rows("""
        select team, is_idle, sum(allocated_effective_cost)::decimal(18, 3) from fct_cost_allocations
        where sub_account_id = 'opencost' group by all order by all
    """)
    assert rows == money(
        ("ns2", False, "54.667"), ("ns2", True, "20.104"), ("ns3", False, "27.333"), ("ns3", True, "9.896")
    )
    assert ruled.rows(
        "select sum(allocated_effective_cost) from fct_cost_allocations where sub_account_id = 'opencost'"
    ) == [(112,)]


def test_four_pods_of_a_quarter_are_one_gpu_and_reconcile_with_idle(ruled: Built) -> None:
    # HAMi#3073
    quarter = ("0.25", "0.9175")
    expected = {"four": [quarter] * 4, "three": [*[quarter] * 3, ("0.25", "0.9175")], "whole": [("1", "3.67")]}
    for node, parts in expected.items():
        rows = ruled.rows(f"""
            select driver_quantity, allocated_effective_cost from fct_cost_allocations
            inner join int_pools using (pool_id)
            where driver_scope like 'node/hami/hami-{node}/%'
            order by workload nulls last
        """)
        assert rows == [(Decimal(hours), Decimal(cost)) for hours, cost in parts], node


def test_a_slice_of_a_gpu_is_a_part_of_its_model_under_every_name_it_has(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'sliced'", "gpu_model, workload, idle_type") == money(
        ("a100-80gb", "slice-4", None, "12"),
        ("a100-80gb", None, "unallocated_capacity", "36"),
        *[("h100", f"slice-{number}", None, "48") for number in range(4)],
    )


def test_a_day_on_which_clocks_are_set_back_is_a_day(ruled: Built) -> None:
    assert amounts(ruled, "bucket = 'autumn'", "dataset, driver_window") == money(("that-day", "2026-10-05", "16"))


def test_hours_of_a_month_are_capacity_of_the_month_and_not_of_its_first_day(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'monthly'", "driver_window, team, idle_type, driver_total") == money(
        ("2026-10", "search", None, 240, "12"),
        ("2026-10", "vision", None, 240, "60"),
        ("2026-10", None, "unallocated_capacity", 240, "168"),
        ("2026-10-05", "search", None, 12, "6"),
    )


def test_capacity_told_by_the_machine_is_that_of_a_cluster_billed_in_one_line(ruled: Built) -> None:
    assert amounts(ruled, "cluster = 'rented'", "pool_level, team, idle_type, driver_total") == money(
        ("cluster", "vision", None, 48, "25"),
        ("cluster", None, "unallocated_capacity", 48, "75"),
        ("node", "vision", None, 24, "2.5"),
        ("node", None, "unallocated_capacity", 24, "7.5"),
    )


def test_bytes_that_the_provider_moves_between_classes_are_those_of_every_class(ruled: Built) -> None:
    assert amounts(ruled, "bucket = 'tiers'", "storage_class, dataset, unallocated_reason") == money(
        ("cold", "scans", None, "1"),
        ("infrequent", "clicks", None, "1"),
        ("infrequent", "crawl", None, "3"),
        ("standard", "clicks", None, "3"),
        ("standard", "crawl", None, "9"),
    )


def test_spot_and_on_demand_hours_are_told_apart_in_every_schedulers_words(ruled: Built) -> None:
    where = "cluster = 'bought' and not is_idle"
    assert amounts(ruled, where, "capacity_type, workload, driver_quantity") == money(
        ("on_demand", "train", 12, "36"), ("spot", "batch", 8, "8")
    )


def test_a_rule_takes_a_cluster_in_any_case_whether_its_tag_or_telemetry_tells_it(ruled: Built) -> None:
    assert amounts(ruled, "sub_account_id = 'scale-sets'", "rule, team, is_idle") == money(
        *[("scale-sets", "vision", False, "12")] * 2, *[("scale-sets", "vision", True, "12")] * 2
    )


def test_idle_cost_that_nobody_can_carry_is_not_lost(ruled: Built) -> None:
    # opencost#883: idle cost vanished where no workload used the GPUs
    where = "cluster = 'requested-spread' and is_final and parent_allocation_id is null and is_idle"
    assert amounts(ruled, where, "team, share", "fct_allocation_steps") == money((None, 1, "7"))


EXAMPLE_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| (?:([\d.]+) )?\| (?:([\d.]+) )?\| ([\d.]+) \|$", re.MULTILINE)
EXAMPLES = {
    "GPU-hours, requested, idle spread": "cluster = 'requested-spread' and method = 'idle_spread'",
    "GPU-hours, used": "cluster = 'typed'",
    "GPU-hours, by the hour": "cluster = 'hourly'",
    "weights 8 : 1 : 1, one line": "cluster = 'shared'",
    "weights 8 : 1 : 1, by the hour": "cluster = 'sharedhours'",
    "network of a machine": "cluster = 'traffic' and sub_account_id = 'traffic'",
    "tokens, output 4 (big: 5), cached 0.1": "rule = 'weighed'",
    "fixed shares": "rule = 'contract'",
    "overhead by cost": "rule = 'support' and billing_currency = 'EUR'",
}
EXAMPLES_OF_CASES = {
    "byte-hours of a class": "bucket = 'lake' and storage_class = 'standard' and method = 'byte_hours'",
    "accesses": "bucket = 'lake' and method = 'requests'",
    "a tag": "sub_account_id = 'owners' and method = 'owner_tag' and project is not null and billing_currency = 'USD'",
}


@pytest.mark.parametrize("example", [*EXAMPLES, *EXAMPLES_OF_CASES])
def test_the_worked_examples_of_the_documentation_are_what_the_ledger_gives(
    ruled: Built, built: Built, example: str
) -> None:
    text = (PROJECT_ROOT / "docs" / "allocation.md").read_text(encoding="utf-8")
    documented = [
        (who, *(Decimal(number) if number else None for number in numbers))
        for name, who, *numbers in EXAMPLE_ROW.findall(text)
        if name == example
    ]
    who = "coalesce(workload, dataset, customer, team, idle_type)"
    if example in ("GPU-hours, requested, idle spread", "a tag"):
        who = "coalesce(workload, team)"
    ledger, where = (ruled, EXAMPLES[example]) if example in EXAMPLES else (built, EXAMPLES_OF_CASES[example])
    rows = amounts(ledger, where, f"{who}, driver_quantity, driver_total")
    assert documented
    assert Counter(documented) == Counter(rows)


def test_row_order_threads_and_rules_of_later_days_do_not_change_a_row(ruled: Built, ledgers: Path) -> None:
    rules = ledgers / "later" / "allocation.yaml"
    rules.parent.mkdir()
    later = "  - {name: later, select: {SubAccountId: sandbox}, driver: direct, owner: {team: x}, from: 2027-01-01}\n"
    rules.write_text(RULES + later, encoding="utf-8")
    again = fill(Ledger(ledgers / "again", rules=load_rules(rules)))
    rebuilt = again.build(threads=1, reverse=True, command="run", selected=LEDGER_ALONE)
    for table in ("fct_allocation_steps", "fct_cost_allocations"):
        assert rebuilt.rows(f"from {table} order by allocation_id") == ruled.rows(
            f"from {table} order by allocation_id"
        )


def test_amounts_of_several_hops_are_explained(ruled: Built, tmp_path: Path) -> None:
    (tmp_path / "marts.duckdb").symlink_to(ruled.warehouse)
    ids = ruled.rows(
        "select hop, min(allocation_id) from fct_allocation_steps where is_final group by hop order by hop"
    )
    assert [hop for hop, _ in ids] == [1, 2, 3]
    ids += ruled.rows(
        "select hop, allocation_id from fct_allocation_steps where method = 'commitment_benefit' and is_final"
    )
    for hop, allocation_id in ids:
        found = explain(tmp_path, allocation_id)
        assert found.holds
        assert len(found.hops) == hop
        assert found.line_count > 0


def test_a_split_charge_in_focus_is_the_ratio_of_its_origin_over_all_hops(ruled: Built) -> None:
    rows = ruled.rows("""
        select AllocatedMethodId, x_Team, EffectiveCost, AllocatedMethodDetails, x_SplitOriginId from focus_allocated
        where x_PoolId in (select pool_id from int_pools where bucket = 'state') order by 1, 2
    """)
    assert [(method, team) for method, team, *_ in rows] == [
        ("api_calls", "search"), ("api_calls", "vision"), ("byte_hours", "search")
    ]  # fmt: skip
    ratios = [
        Decimal(str(json.loads(details, parse_float=str)["Elements"][0]["AllocatedRatio"])) for *_, details, _ in rows
    ]
    assert sum(ratios) == 1
    for ratio, (_, _, cost, _, _) in zip(ratios, rows, strict=True):
        assert abs(ratio - cost / 7) < Decimal("1e-14")
    assert len({origin for *_, origin in rows}) == 1


def test_a_teams_price_does_not_depend_on_whose_machine_the_discount_landed_on(ruled: Built) -> None:
    # 9 + 30 + 30 of effective cost over machines that would cost 30 each
    rows = ruled.rows("""
        select team, sum(allocated_effective_cost) from fct_cost_allocations
        where rule = 'committed' and charge_date = '2026-10-05' group by all
    """)
    assert sum(effective for _, effective in rows) == 69
    assert {team for team, _ in rows} == {"of-bare-1", "of-bare-2", "of-covered"}
    # a share has 15 decimals
    assert all(abs(effective - 23) < Decimal("1e-11") for _, effective in rows)
    billed = "select team, sum(allocated_billed_cost) from fct_cost_allocations where rule = 'committed'"
    assert ruled.rows(f"{billed} and charge_date = '2026-10-05' group by all order by all") == [
        ("of-bare-1", 30), ("of-bare-2", 30), ("of-covered", 0)
    ]  # fmt: skip
    assert amounts(ruled, "rule = 'committed' and charge_date = '2026-10-06'", "team, method") == money(
        ("of-bare-1", "gpu_hours", "15"), ("of-bare-1", "idle_spread", "15")
    )


def test_a_spread_benefit_moves_effective_cost_exactly_and_leaves_spot_and_the_bill(ruled: Built) -> None:
    rows = ruled.rows("""
        select team, sum(allocated_effective_cost), sum(allocated_contracted_cost) from fct_cost_allocations
        where rule = 'fleet' group by all order by all
    """)
    found = {team: effective for team, effective, _ in rows}
    assert {team: contracted for team, _, contracted in rows} == {"a": 10, "b": 20, "c": 30, "spot": 10}
    assert sum(found.values()) == 54
    assert found["spot"] == 1
    for team, contracted in (("a", 10), ("b", 20), ("c", 30)):
        assert abs(Fraction(found[team]) - Fraction(53 * contracted, 60)) < Fraction(1, 10**13)
    assert ruled.rows("""
        select hop, method, share, residual < 0, allocated_billed_cost > 0, is_final from fct_allocation_steps
        where rule = 'fleet' and method = 'commitment_benefit' group by all order by all
    """) == [(2, "commitment_benefit", 0, False, False, True), (2, "commitment_benefit", 1, True, True, True)]


def _brute_force_shapley(demands: list[Fraction]) -> list[Fraction]:
    """What each period adds to the highest demand, averaged over every order in which periods can come."""
    values = [Fraction(0)] * len(demands)
    orders = list(permutations(range(len(demands))))
    for order in orders:
        highest = Fraction(0)
        for period in order:
            values[period] += max(demands[period] - highest, Fraction(0))
            highest = max(highest, demands[period])
    return [value / len(orders) for value in values]


def test_by_peaks_a_day_costs_its_shapley_value_and_a_team_its_part_of_the_days(ruled: Built) -> None:
    held = [{team: Fraction(hours) for team, hours in day.items()} for day in PEAKS]
    values = _brute_force_shapley([sum(day.values(), Fraction(0)) for day in held])
    rows = ruled.rows("""
        select team, is_idle, alternative_effective_cost, alternative_billed_cost from fct_allocation_alternatives
        where cluster = 'peaks'
    """)
    found = {(team, is_idle): amounts for team, is_idle, *amounts in rows}
    assert found.keys() == {("day-shift", False), ("night-shift", False), (None, False), (None, True)}
    assert found[None, True] == [0, 0]
    for team in ("day-shift", "night-shift", None):
        part = sum(
            (value * day[team] / sum(day.values()) for value, day in zip(values, held, strict=True) if team in day),
            Fraction(0),
        ) / sum(values)
        for amount, whole in zip(found[team, False], (393, 233), strict=True):
            # peaks are compared in thousandths of a millionth of a GPU-hour
            assert abs(Fraction(amount) - whole * part) < Fraction(1, 10**8)


def test_differences_to_the_alternative_sum_to_zero_and_both_sides_to_the_pools(ruled: Built) -> None:
    assert ruled.rows("""
        select sum(effective_cost_difference), sum(effective_cost), sum(alternative_effective_cost),
            sum(billed_cost), sum(alternative_billed_cost), bool_or(is_additive)
        from fct_allocation_alternatives
    """) == [(0, 393, 393, 233, 233, False)]
    ledger = "select team, is_idle, sum(allocated_effective_cost) from fct_cost_allocations where cluster = 'peaks'"
    beside = "select team, is_idle, sum(effective_cost) from fct_allocation_alternatives"
    assert ruled.rows(f"{ledger} group by all order by all") == ruled.rows(f"{beside} group by all order by all")
