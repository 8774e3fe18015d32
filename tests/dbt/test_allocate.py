"""The ledger on small bills: who gets what at each level, what stays idle, what nobody can be found for."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from governance_cases import govern
from ledger_cases import fill
from ledger_fixture import LEDGER_ALONE, Built, Ledger

from finops_pipeline.checks.drivers import gpu_hours_fit_capacity, pools_have_their_driver
from finops_pipeline.rules import load_rules


def parts(built: Built, where: str, columns: str) -> list[tuple[Any, ...]]:
    """The chosen columns and the effective cost of the selected amounts, in their own order."""
    found = built.rows(f"select {columns}, allocated_effective_cost from fct_cost_allocations where {where}")
    return sorted(found, key=lambda row: tuple((value is None, str(value)) for value in row))


def money(*rows: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Rows whose last value is an amount, written as text."""
    return [(*row[:-1], Decimal(row[-1])) for row in rows]


def test_a_machine_named_by_telemetry_is_split_by_gpu_hours_and_the_rest_is_idle(built: Built) -> None:
    where = """cluster = 'nodes' and charge_date = '2026-10-05' and service_name <> 'Cores'
        and charge_category = 'Usage' and capacity_type = 'on_demand'"""
    assert parts(built, where, "workload, team, pool_level, idle_type, driver_quantity, driver_total") == money(
        ("serve", "search", "node", None, 48, 192, "24"),
        ("train", "foundation", "node", None, 96, 192, "48"),
        (None, None, "node", "unallocated_capacity", 48, 192, "24"),
    )


def test_core_lines_of_a_machine_follow_its_gpu_hours(built: Built) -> None:
    where = "cluster = 'nodes' and service_name = 'Cores'"
    assert parts(built, where, "workload, gpu_model") == money(
        ("serve", "h100", "2.4"), ("train", "h100", "4.8"), (None, "h100", "2.4")
    )


def test_a_credit_on_a_machine_is_split_over_the_month_with_its_sign_kept(built: Built) -> None:
    where = "cluster = 'nodes' and charge_category = 'Credit'"
    assert parts(built, where, "workload, is_idle, driver_window, driver_total") == money(
        ("serve", False, "2026-10", 384, "-0.12"),
        ("train", False, "2026-10", 384, "-0.24"),
        (None, False, "2026-10", 384, "-0.48"),
        (None, True, "2026-10", 384, "-0.12"),
    )
    assert parts(built, f"{where} and is_unallocated", "unallocated_reason") == money(
        ("no gpu_hours of cluster nodes on some days of 2026-10", "-0.48")
    )


def test_a_machine_nobody_held_is_idle_when_its_cluster_has_telemetry(built: Built) -> None:
    where = "cluster = 'nodes' and capacity_type = 'spot'"
    assert parts(built, where, "pool_level, is_idle, is_unallocated, share") == money(("node", True, False, 1, "48"))


def test_a_day_without_telemetry_is_unallocated_and_names_the_missing_driver(built: Built) -> None:
    where = "cluster = 'nodes' and charge_date = '2026-10-06'"
    assert parts(built, where, "method, driver, is_idle, is_unallocated, unallocated_reason") == money(
        ("missing_driver", "gpu_hours", False, True, "no gpu_hours of cluster nodes in 2026-10-06", "96")
    )
    with duckdb.connect(str(built.warehouse), read_only=True) as warehouse:
        missing = pools_have_their_driver(warehouse)
    assert any("aws-payer nodes" in offender.subject for offender in missing.offenders)


def test_a_scale_set_is_one_node_pool_whatever_its_lines_are_and_takes_its_cluster_from_telemetry(built: Built) -> None:
    assert parts(built, "cluster = 'aks'", "pool_level, sub_account_id, workload") == money(
        ("node_pool", "on_demand", "batch", "30"),
        ("node_pool", "on_demand", None, "10"),
        ("node_pool", "reserved", "batch", "45"),
        ("node_pool", "reserved", None, "15"),
    )


def test_two_gpu_models_never_share_a_price_and_rows_without_model_are_spread_by_capacity(built: Built) -> None:
    assert parts(built, "cluster = 'lab'", "gpu_model, workload, pool_level, driver_quantity") == money(
        ("a10g", "any", "cluster", 2, "1"),
        ("a10g", "small", "cluster", 5, "2.5"),
        ("a10g", None, "cluster", 13, "6.5"),
        ("h100", "any", "cluster", 4, "8"),
        ("h100", "big", "cluster", 10, "20"),
        ("h100", None, "cluster", 26, "52"),
    )


def test_each_telemetry_row_is_used_at_exactly_one_level(built: Built) -> None:
    assert parts(built, "cluster = 'mixed'", "workload, pool_level, driver_total") == money(
        ("by-cluster", "cluster", 10, "15"),
        ("by-node", "node", 10, "5"),
        ("by-pool", "node_pool", 10, "10"),
        (None, "cluster", 10, "15"),
        (None, "node", 10, "5"),
        (None, "node_pool", 10, "10"),
    )


def test_telemetry_above_capacity_leaves_no_idle_and_is_reported(built: Built) -> None:
    assert parts(built, "cluster = 'tight'", "workload, is_idle") == money(
        ("first", False, "9"), ("second", False, "3")
    )
    offenders = built.rows("""
        select reason, held_gpu_hours, capacity_gpu_hours from int_gpu_hours_without_capacity
        where cluster = 'tight' order by all
    """)
    assert offenders == [
        ("more GPU-hours held than the bill paid for", 12, 10),
        ("no such machine on the bill", 7, 0),
    ]
    with duckdb.connect(str(built.warehouse), read_only=True) as warehouse:
        assert not gpu_hours_fit_capacity(warehouse).passed


def test_an_interval_over_midnights_is_cut_by_day_and_keeps_its_quantity(built: Built) -> None:
    days = built.rows("""
        select usage_date::varchar, gpu_hours from int_gpu_hours_by_workload where workload = 'job' order by all
    """)
    assert days == [
        ("2026-10-05", Decimal("0.193548387")),
        ("2026-10-06", Decimal("0.774193548")),
        ("2026-10-07", Decimal("0.032258065")),
    ]
    assert sum(hours for _, hours in days) == 1


def test_capacity_comes_from_the_feed_where_the_bill_cannot_say(built: Built) -> None:
    assert parts(built, "cluster = 'told'", "workload, is_idle, driver_total") == money(
        ("half", False, 24, "50"), (None, True, 24, "50")
    )


def test_a_gpu_machine_of_no_cluster_belongs_to_its_tag(built: Built) -> None:
    assert parts(built, "team = 'vision'", "method, share") == money(("owner_tag", 1, "5"))


def test_bytes_follow_byte_hours_of_their_class_and_unexplained_ones_stay_visible(built: Built) -> None:
    where = "bucket = 'lake' and method = 'byte_hours'"
    assert parts(built, where, "storage_class, dataset, team, unallocated_reason, driver_quantity") == money(
        ("archive", "old", "foundation", None, 300, "3"),
        ("archive", None, None, "bytes not in the feed", 100, "1"),
        ("standard", "clicks", "search", None, 250, "2.5"),
        ("standard", "crawl", "foundation", None, 750, "7.5"),
    )


def test_requests_follow_counted_accesses_else_the_bytes(built: Built) -> None:
    where = "bucket in ('lake', 'uncounted') and (method = 'requests' or bucket = 'uncounted')"
    assert parts(built, where, "bucket, dataset, method, driver_unit") == money(
        ("lake", "clicks", "requests", "Requests", "0.25"),
        ("lake", "crawl", "requests", "Requests", "0.75"),
        ("uncounted", "one", "byte_hours", "Byte-Hours", "1.5"),
        ("uncounted", "two", "byte_hours", "Byte-Hours", "0.5"),
    )


def test_a_bill_rounded_by_less_than_a_thousandth_is_explained(built: Built) -> None:
    assert parts(built, "bucket = 'rounded'", "dataset, pool_level") == money(("rounded", "bucket", "8"))


def test_a_class_that_the_feed_does_not_know_is_unexplained_as_a_whole(built: Built) -> None:
    assert parts(built, "bucket = 'partly'", "dataset, unallocated_reason") == money(
        (None, "bytes not in the feed", "8")
    )


def test_a_bucket_without_feed_is_unallocated_and_says_so(built: Built) -> None:
    assert parts(built, "bucket = 'unfed'", "method, unallocated_reason") == money(
        ("missing_driver", "no storage_bytes of bucket unfed in 2026-10-05", "3")
    )


def test_byte_hours_beyond_64_bits_are_split_in_millions(built: Built) -> None:
    rows = parts(built, "bucket = 'huge'", "dataset, share")
    assert [dataset for dataset, _, _ in rows] == ["most", "rest"]
    assert sum(cost for _, _, cost in rows) == 1
    assert abs(rows[0][1] - Decimal("0.75")) < Decimal("1e-12")


def test_unexplained_byte_hours_beyond_64_bits_stay_visible(built: Built) -> None:
    rows = parts(built, "bucket = 'vast'", "dataset, unallocated_reason, round(share, 9)")
    assert [row[:-1] for row in rows] == [
        ("some", None, Decimal("0.75")),
        (None, "bytes not in the feed", Decimal("0.25")),
    ]
    assert sum(cost for *_, cost in rows) == 4


def test_a_line_of_the_whole_month_takes_the_months_driver_and_keeps_its_day(built: Built) -> None:
    assert parts(built, "bucket = 'monthly'", "dataset, charge_date::varchar, driver_window, driver_total") == money(
        ("early", "2026-10-01", "2026-10", 1000, "18"), ("late", "2026-10-01", "2026-10", 1000, "12")
    )


def test_tagged_costs_are_direct_and_a_tag_that_names_no_owner_is_not_enough(built: Built) -> None:
    where = "sub_account_id = 'owners' and billing_currency = 'USD' and not is_idle and model_id is null"
    assert parts(built, where, "method, team, project, unallocated_reason") == money(
        ("no_owner", None, None, "commitment fee", "11"),
        ("no_owner", None, None, "credit", "-3"),
        ("no_owner", None, None, "refund", "-1"),
        ("no_owner", None, None, "support", "4"),
        ("no_owner", None, None, "tax", "2"),
        ("no_owner", None, None, "untagged", "6"),
        ("owner_tag", "search", "ranking", None, "5"),
    )


def test_managed_models_are_named_by_the_meter_with_and_without_an_owner(built: Built) -> None:
    where = "sub_account_id = 'owners' and model_id is not null"
    assert parts(built, where, "model_name, token_direction, team, unallocated_reason") == money(
        ("claude-sonnet-4.6", "Input", "search", None, "7"),
        ("claude-sonnet-4.6", "Output", None, "untagged", "8"),
    )


def test_an_unused_commitment_is_idle_of_its_own_kind(built: Built) -> None:
    where = "commitment_discount_id = 'sp-1'"
    assert parts(built, where, "idle_type, is_unallocated, allocated_billed_cost") == money(
        ("unused_commitment", False, 0, "9")
    )


def test_currencies_never_meet_and_only_the_reporting_currency_has_a_rate(built: Built) -> None:
    where = "sub_account_id = 'owners' and team = 'search' and project = 'ranking'"
    columns = "billing_currency, reporting_currency, fx_rate, allocated_effective_cost_reporting"
    assert parts(built, where, columns) == money(("EUR", "USD", None, None, "5"), ("USD", "USD", 1, 5, "5"))


def test_delivered_normalized_and_allocated_totals_are_equal(built: Built) -> None:
    rows = built.rows("""
        select distinct billing_currency, cost_basis, raw_cost = normalized_cost, raw_to_normalized_difference,
            normalized_to_allocated_difference, explained_by
        from fct_reconciliation order by all
    """)
    assert rows == [
        (currency, basis, True, 0, 0, None) for currency in ("EUR", "USD") for basis in ("billed", "effective")
    ]


def test_every_charge_is_published_with_its_pool(built: Built) -> None:
    ((charges, pools, unknown),) = built.rows("""
        select
            count(*),
            count(distinct x_PoolId),
            count(*) filter (x_PoolId not in (select pool_id from fct_cost_allocations))
        from focus_cost_and_usage
    """)
    ((billed,),) = built.rows("select count(*) from int_charges_attributed_to_owners")
    assert (charges, unknown) == (billed, 0)
    assert pools == built.rows("select count(distinct pool_id) from fct_cost_allocations")[0][0]


def test_amounts_of_the_open_month_are_provisional(built: Built) -> None:
    assert built.rows("select distinct billing_period, is_provisional from fct_cost_allocations order by all") == [
        ("2026-08", False),
        ("2026-09", False),
        ("2026-10", True),
    ]


def test_row_order_and_threads_do_not_change_a_row(built: Built, ledgers: Path) -> None:
    again = govern(fill(Ledger(ledgers / "turned-round"))).build(threads=1, reverse=True, command="run")
    for table, key in (
        ("fct_cost_allocations", "allocation_id"),
        ("fct_inference_unit_costs", "all"),
        ("fct_reconciliation", "all"),
        ("focus_cost_and_usage", "x_ChargeId"),
        ("fct_budget_status", "all"),
        ("fct_tag_coverage", "all"),
        ("fct_waste", "waste_id"),
    ):
        assert again.rows(f"from {table} order by {key}") == built.rows(f"from {table} order by {key}")


@pytest.mark.parametrize(("basis", "first", "second"), [("used", "6", "12"), ("max", "12", "12")])
def test_the_rule_says_whether_requested_or_used_gpu_hours_count(
    ledgers: Path, tmp_path: Path, basis: str, first: str, second: str
) -> None:
    rules = tmp_path / "allocation.yaml"
    rules.write_text(f"version: 1\nrules: [{{name: gpus, pool: gpu_cluster, driver: gpu_hours, basis: {basis}}}]\n")
    ledger = Ledger(ledgers / f"basis-{basis}", rules=load_rules(rules))
    ledger.machine("24", "b-1", "24", cluster="basis")
    ledger.charge("1", team="search")
    ledger.gpu_hours("first", "12", cluster="basis", node="b-1", gpu_hours_used=Decimal(6))
    ledger.gpu_hours("second", "6", cluster="basis", node="b-1", gpu_hours_used=Decimal(12))
    allocated = ledger.build(command="run", selected=LEDGER_ALONE)
    rows = dict(
        allocated.rows("select workload, allocated_effective_cost from fct_cost_allocations where step = 'usage'")
    )
    assert rows == {"first": Decimal(first), "second": Decimal(second)} | (
        {None: 24 - Decimal(first) - Decimal(second)} if basis == "used" else {}
    )
    # without a rule for owners, a tag alone moves no cost
    assert allocated.rows("select team, unallocated_reason from fct_cost_allocations where step = 'rest'") == [
        (None, "untagged")
    ]
