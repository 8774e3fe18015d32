"""Unit costs of bills and feeds as companies really have them: what is not known must not look known, or free."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_fixture import DAY, Built, Ledger
from unit_corner_cases import EDGE, NAME, NEXT_DAY, fill

from finops_pipeline.rules import load_rules
from finops_pipeline.side_files.metrics import Metrics

DEFINED = {"unit": "unit", "owner": "finance", "description": "for a test"}
SERVED = {team: {"cost_use": ["inference"], "team": [team]} for team in ("fed", "warm")}
METRICS = Metrics.model_validate(
    {
        "version": 1,
        "metrics": (
            {**DEFINED, "name": "bytes", "cost": {"team": ["counted"]}},
            {**DEFINED, "name": "sales", "cost": {"team": ["counted"]}, "split": "revenue"},
            {**DEFINED, "name": "fed", "cost": SERVED["fed"]},
            {**DEFINED, "name": "users", "quantity": "active_users", "cost": {"team": ["counted"]}},
            {**DEFINED, "name": "euros", "cost": {"team": ["counted"]}, "split": "revenue"},
            {**DEFINED, "name": "loaded", "cost": SERVED["warm"], "basis": "fully_loaded"},
        ),
    }
)
RULES = """
version: 1
rules:
  - {name: warm, pool: gpu_cluster, select: {x_Cluster: warm}, driver: gpu_hours, unused: shown, idle: spread}
  - {name: gpu-clusters, pool: gpu_cluster, driver: gpu_hours}
  - {name: shared-storage, pool: bucket, driver: storage_bytes}
  - {name: tagged-owners, pool: owner, driver: direct}
"""
CLASS_UNTOLD = "the cost of these bytes stands with their class: feed and bill do not both tell it"
SEVERAL_CURRENCIES = "billed in several currencies: requests count in each"


@pytest.fixture(scope="module")
def corners(ledgers: Path) -> Built:
    rules = ledgers / "corners.yaml"
    rules.write_text(RULES, encoding="utf-8")
    return fill(Ledger(ledgers / "corners", metrics=METRICS, rules=load_rules(rules))).build()


def served(built: Built, model: str, columns: str) -> list[tuple[Any, ...]]:
    return built.rows(f"select {columns} from fct_inference_unit_costs where model_name = '{model}' order by all")


def rounded(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Amounts without their last digits: shares are cut off at the fifteenth decimal."""
    return [tuple(round(value, 9) if isinstance(value, Decimal) else value for value in row) for row in rows]


def test_requests_that_both_feeds_count_are_counted_once(corners: Built) -> None:
    columns = "serving_mode, effective_cost, inferences, input_tokens, cost_per_1k_inferences, is_complete, reason"
    assert rounded(served(corners, "twice", columns)) == [
        ("batch", 10, 50, None, 200, True, None),
        ("real_time", 20, 100, None, 200, True, None),
        (None, None, None, 1500, None, False, "the cost stands with the requests, which are counted in other rows"),
    ]


def test_tokens_by_endpoint_stand_beside_requests_that_name_none(corners: Built) -> None:
    columns = "endpoint, effective_cost, inferences, input_tokens, is_complete"
    assert served(corners, "unnamed", columns) == [(None, 30, 300, 3000, True)]


def test_a_day_without_requests_says_so_however_many_endpoints_there_are(corners: Built) -> None:
    reason = "no requests on this day"
    assert served(corners, "resting", "endpoint, effective_cost, inferences, reason") == [
        ("eu", None, 0, reason),
        ("us", None, 0, reason),
        (None, 8, 0, reason),
    ]


def test_meters_that_tell_no_direction_give_no_price_of_input(corners: Built) -> None:
    columns = "input_token_cost, cost_per_1m_input_tokens, output_token_cost, cost_per_1m_output_tokens, is_complete"
    assert served(corners, "throughput", columns) == [(None, None, None, None, True)]


def test_a_managed_model_that_a_tag_names_keeps_the_price_of_its_cache(corners: Built) -> None:
    columns = "input_token_cost, cost_per_1m_input_tokens, cost_per_1m_cached_input_tokens"
    assert served(corners, "helper", columns) == [(Decimal("3.3"), Decimal("1.65"), Decimal("0.3"))]


def test_a_model_on_own_machines_and_as_an_api_has_the_cost_of_each(corners: Built) -> None:
    columns = "serving_mode, effective_cost, inferences, cost_per_1k_inferences, is_managed_model"
    assert served(corners, "both", columns) == [("managed_api", 3, 300, 10, True), ("real_time", 90, 100, 900, False)]


def test_requests_that_two_currencies_share_never_make_a_life_complete(corners: Built) -> None:
    columns = "charge_date, billing_currency, reason"
    assert served(corners, "dual", columns) == [
        (DAY, "EUR", SEVERAL_CURRENCIES),
        (DAY, "USD", SEVERAL_CURRENCIES),
        (NEXT_DAY, "USD", None),
    ]
    reason = "days whose requests count to several costs, or to a part: see fct_inference_unit_costs"
    assert corners.rows(
        "select billing_currency, is_complete, reason from fct_model_lifecycle_costs where model_name = 'dual'"
        " order by all"
    ) == [("EUR", False, reason), ("USD", False, reason)]


def test_a_day_of_two_billing_periods_is_one_row_of_its_own_month(corners: Built) -> None:
    columns = "charge_date, billing_period, effective_cost, inferences"
    assert served(corners, "edge", columns) == [(EDGE, "2026-10", 30, 20)]


def test_a_refund_above_the_use_is_a_negative_unit_cost(corners: Built) -> None:
    columns = "effective_cost, cost_per_1k_inferences, utilization, is_complete"
    assert served(corners, "refunded", columns) == [(-5, -500, None, True)]


def test_names_are_taken_as_they_are(corners: Built) -> None:
    names = corners.rows("select model_name, team from fct_inference_unit_costs where length(team) > 100")
    assert names == [(NAME, NAME)]


def test_requests_that_cost_nothing_count_in_the_bridge(corners: Built) -> None:
    columns = "inferences_before, inferences_after, unit_cost_before, unit_cost_after, price_effect, reason"
    assert corners.rows(f"select {columns} from fct_unit_cost_bridge where model_name = 'gift'") == [
        (2000, 2000, 5, 10, 5, None)
    ]


def test_a_bridge_tells_what_it_leaves_out(corners: Built) -> None:
    left_out = "cost_left_out_before, cost_left_out_after, inferences_left_out_before, inferences_left_out_after"
    columns = f"inferences_after, unit_cost_after, {left_out}, is_complete, reason"
    reason = "part of a month is left out: cost without requests or telemetry, or requests without cost"
    assert corners.rows(f"select {columns} from fct_unit_cost_bridge where model_name = 'half'") == [
        (1000, 10, 0, 7, 0, 400, False, reason)
    ]


def runs(built: Built, columns: str, *names: str) -> list[tuple[Any, ...]]:
    return built.rows(f"select {columns} from fct_training_unit_costs where run_id in {(*names, '')} order by all")


def test_a_run_that_has_ended_has_ended_though_it_was_reported_before(corners: Built) -> None:
    columns = "status, effective_cost, epochs, cost_per_epoch, is_complete"
    assert runs(corners, columns, "reported-twice") == [("completed", 10, 2, 5, True)]


def test_a_run_has_the_cost_of_all_its_attempts_and_of_both_months(corners: Built) -> None:
    columns = "run_id, effective_cost, gpu_hours, outcome, first_charge_date, is_complete"
    assert runs(corners, columns, "two-attempts", "over-midnight") == [
        ("over-midnight", 20, 20, "completed", EDGE.replace(month=9, day=30), True),
        ("two-attempts", 20, 20, "completed", DAY, True),
    ]
    assert corners.rows("select count(*) from fct_training_run_days where run_id is null") == [(0,)]


def test_runs_of_one_workloads_name_have_the_cost_of_their_own_model(corners: Built) -> None:
    assert runs(corners, "run_id, effective_cost", "tune-left", "tune-right") == [("tune-left", 10), ("tune-right", 30)]


def test_a_run_whose_pods_change_their_labels_is_one_row(corners: Built) -> None:
    columns = "effective_cost, epochs, cost_per_epoch, is_complete, reason"
    assert runs(corners, columns, "renamed") == [(20, 2, 10, True, None)]


def test_a_run_that_never_ended_is_not_complete(corners: Built) -> None:
    columns = "effective_cost, cost_per_epoch, is_complete, reason"
    assert runs(corners, columns, "endless") == [(None, None, False, "no cost of this run in the ledger")]


def test_bytes_without_cost_never_make_the_others_cheap(corners: Built) -> None:
    columns = "dataset, effective_cost, is_complete, reason"
    reason = "no cost of some of its bytes in the ledger on this day"
    assert corners.rows(
        f"select {columns} from fct_storage_unit_costs where dataset in ('partly', 'odd', 'plain', 'disked')"
        " order by all"
    ) == [
        ("disked", 15, False, "no bytes in the feed for some of its cost on this day"),
        ("odd", 10, False, reason),
        ("partly", 10, False, reason),
        ("plain", 12, True, None),
    ]


def test_the_cost_of_accesses_is_no_price_of_the_bytes_beside_them(corners: Built) -> None:
    columns = (
        "storage_class, effective_cost, access_cost, byte_hours > 0, cost_per_tib_month, cost_per_1k_accesses, reason"
    )
    assert corners.rows(f"select {columns} from fct_storage_class_unit_costs where bucket = 'plain' order by all") == [
        ("standard", 10, 0, None, None, None, "no bytes of this class in the feed on this day"),
        (None, 2, 2, True, None, Decimal("0.5"), CLASS_UNTOLD),
    ]


def test_accesses_that_no_meter_charges_for_have_no_price(corners: Built) -> None:
    columns = "access_cost, accesses, cost_per_1k_accesses, stored_cost_per_tib_month"
    assert corners.rows(f"select {columns} from fct_storage_unit_costs where dataset = 'unmetered'") == [
        (0, 4000, None, 10)
    ]


def test_a_dataset_is_in_use_whoever_reads_it(corners: Built) -> None:
    columns = "team, days_since_last_access"
    found = corners.rows(f"select {columns} from fct_storage_unit_costs where dataset = 'read' order by all")
    assert found == [("owner", 0), ("reader", 0)]


def test_bytes_that_two_currencies_share_are_not_complete_by_class_either(corners: Built) -> None:
    for mart in ("fct_storage_unit_costs", "fct_storage_class_unit_costs"):
        found = corners.rows(
            f"select billing_currency, is_complete from {mart} where dataset = 'namesake' order by all"
        )
        assert found == [("EUR", False), ("USD", False)]


def metric(built: Built, name: str, columns: str) -> list[tuple[Any, ...]]:
    return rounded(built.rows(f"select {columns} from fct_unit_costs where metric = '{name}' order by all"))


def test_quantities_may_be_as_many_as_bytes(corners: Built) -> None:
    assert metric(corners, "bytes", "entity, cost, quantity") == [("a", 30, 10**13), ("b", 60, 2 * 10**13)]


def test_who_earns_in_another_currency_is_not_free(corners: Built) -> None:
    columns = "entity, cost, is_complete, reason"
    missing = "no cost in the ledger for this metric and entity on this day"
    assert metric(corners, "sales", columns) == [
        ("dollar", None, False, missing),
        ("euro", None, False, missing),
        (None, 90, False, "no revenue on this day, or revenue in several currencies"),
    ]


def test_revenue_in_one_currency_splits_cost_in_another(corners: Built) -> None:
    columns = "entity, cost, revenue_currency, margin, is_complete"
    assert metric(corners, "euros", columns) == [("less", 30, "EUR", None, True), ("more", 60, "EUR", None, True)]


def test_a_fully_loaded_metric_holds_the_idle_that_the_ledger_gives_to_workloads(corners: Built) -> None:
    loaded = corners.rows("select sum(fully_loaded_cost) from fct_inference_unit_costs where team = 'warm'")
    assert loaded == [(100,)]
    assert metric(corners, "loaded", "cost, effective_cost, unit_cost") == [(100, 50, 10)]


def test_a_metric_counts_what_its_definition_names_and_not_its_namesake(corners: Built) -> None:
    assert metric(corners, "users", "entity, cost, quantity, unit_cost") == [("all", 90, 3, 30)]


def test_cost_whose_telemetry_is_missing_is_not_complete_instead_of_cheap(corners: Built) -> None:
    reason = "some of its cost has no driver on this day: telemetry is missing"
    columns = "charge_date, cost, unit_cost, is_complete, reason"
    assert metric(corners, "fed", columns) == [
        (DAY, 35, Decimal("3.5"), True, None),
        (NEXT_DAY, 15, Decimal("1.5"), False, reason),
    ]
    columns = "charge_date, effective_cost, is_complete, reason"
    assert served(corners, "fed", columns) == [(DAY, 25, True, None), (NEXT_DAY, 5, False, reason)]
