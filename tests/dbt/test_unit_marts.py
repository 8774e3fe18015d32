"""Unit costs beyond inference and training, on one small ledger: storage, business metrics, whole lives, bridges."""

import csv
import gzip
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_fixture import DAY, Built, Ledger

from finops_pipeline.side_files.datasets import DatasetCatalog
from finops_pipeline.side_files.metrics import Metrics
from tests.conftest import REFERENCE_DATA

NEXT_DAY = DAY + timedelta(days=1)
MONTH_BEFORE = date(2026, 9, 5)
TIB_MONTH = Decimal(2**40 * 744)
TRACE = REFERENCE_DATA / "traces" / "lora_request_trace_half.csv.gz"
TRACE_COST, TRACE_CAPACITY = Decimal("1234.56789"), Decimal(1536)
DEFINED = {"unit": "unit", "owner": "finance", "description": "for a test"}
SERVED_BY_BIZ = {"cost_use": ["inference"], "team": ["biz"]}
METRICS = Metrics.model_validate(
    {
        "version": 1,
        "metrics": (
            {
                **DEFINED,
                "name": "prompts",
                "basis": "fully_loaded",
                "cost": {"cost_use": ["inference"], "team": ["biz"]},
            },
            {**DEFINED, "name": "tenants", "split": "customer", "cost": {"team": ["biz"]}},
            {**DEFINED, "name": "uncounted"},
        ),
        "alternatives": ({"model": "self", "cost_per_1k_inferences": "2", "currency": "USD"},),
    }
)
CATALOG = DatasetCatalog.model_validate(
    {
        "datasets": (
            {"dataset": "crawl", "retention_days": 1},
            {"dataset": "lot", "bucket": "Shed", "owner": "keeper"},
            {"dataset": "features", "bucket": "shed", "prefix": "store/features/", "owner": "ml"},
            {"dataset": "odds", "bucket": "shed", "prefix": "store/", "owner": "nobody asked"},
        )
    }
)


def storage(ledger: Ledger) -> None:
    """A dataset that doubles overnight and may stay a day, and a disk that belongs to no dataset."""
    for day, tibs in ((DAY, 1), (NEXT_DAY, 2)):
        ledger.charge(str(10 * tibs), day=day, bucket="lake", storage_measure="bytes", storage_class="standard",
                      billed_byte_hours=TIB_MONTH * tibs, cost_layer="storage")  # fmt: skip
        ledger.stored(str(TIB_MONTH * tibs), day=day, dataset="crawl", team="data", storage_class="standard")
    ledger.charge("2", bucket="lake", storage_measure="requests", cost_layer="storage")
    ledger.feeds["storage_access"].append(
        {"usage_date": DAY, "bucket": "lake", "requests": Decimal(4000), "dataset": "crawl", "team": "data"}
    )
    ledger.charge("3", team="data", cost_layer="storage", service_name="Disks")


def catalogued(ledger: Ledger) -> None:
    """A bucket whose feeds name prefixes only: half of it features, a quarter someone's, a quarter nobody's."""
    ledger.charge("40", bucket="shed", storage_measure="bytes", storage_class="standard", billed_byte_hours=TIB_MONTH,
                  cost_layer="storage")  # fmt: skip
    for prefix, part, team in (("store/features/daily/", 2, None), ("store/raw/", 1, "data"), (None, 1, None)):
        ledger.stored(str(TIB_MONTH * part / 4), "shed", prefix=prefix, storage_class="standard", team=team)
    for operation, requests in (("Ingest", 4000), ("get", 1000)):
        ledger.feeds["storage_access"].append(
            {"usage_date": DAY, "bucket": "shed", "requests": Decimal(requests), "prefix": "store/features/daily/",
             "operation": operation}
        )  # fmt: skip


def business(ledger: Ledger) -> None:
    """80 USD of a machine: 40 held by two customers of one team, 40 idle."""
    ledger.machine("80", "b-1", "80", cluster="biz")
    for customer, hours in (("acme", "30"), ("bolt", "10")):
        ledger.gpu_hours("bizchat", hours, cluster="biz", node="b-1", team="biz", customer=customer,
                         workload_type="serving", model_name="bizmodel")  # fmt: skip
    ledger.feeds["business_metric"] += [
        {"usage_date": DAY, "metric": metric, "entity": entity, "quantity": Decimal(quantity), **columns}
        for metric, entity, quantity, columns in (
            ("prompts", "web", 300, {"revenue": Decimal(100), "currency": "USD"}),
            ("prompts", "app", 100, {"revenue": Decimal(100), "currency": "EUR"}),
            ("prompts", "none", 0, {}),
            ("tenants", "acme", 2, {}),
            ("tenants", "ghost", 1, {}),
            ("mystery", "x", 1, {}),
        )
    ]


def lives(ledger: Ledger) -> None:
    """A model that holds a quarter of its machine: 1 USD a thousand at full use, 4 as it is; a quote says 2."""
    version: dict[str, Any] = {"model_name": "self", "model_version": "v1", "environment": "prod", "team": "owner"}
    ledger.machine("400", "l-1", "100", cluster="lives")
    ledger.gpu_hours("chat", "25", cluster="lives", node="l-1", workload_type="serving", **version)
    ledger.asked("100000", workload="chat", gpu_seconds=Decimal(90000), retried_requests=Decimal(7), **version)
    ledger.machine("80", "l-2", "80", cluster="lives")
    for workload, hours, kind, run_id in (
        ("pre", "40", "training", "life-1"), ("lr", "10", "training", "life-2"), ("ev", "20", "evaluation", None),
        ("prep", "10", "data-preparation", None),
    ):  # fmt: skip
        ledger.gpu_hours(workload, hours, cluster="lives", node="l-2", workload_type=kind, run_id=run_id, **version)
    for number, (run_id, hour, value, columns) in enumerate(
        (
            ("life-1", 2, "0.50", {}),
            ("life-2", 4, "0.30", {"sweep": "lr", "status": "failed"}),
            ("life-3", 6, "0.40", {}),
        )
    ):
        ledger.feeds["training_runs"].append(
            {"run_id": run_id, "status": "completed", "started_at": datetime(2026, 10, 5, number),
             "ended_at": datetime(2026, 10, 5, hour), "quality_metric": "eval_loss", "quality_value": Decimal(value),
             "epochs": Decimal(1), **version, **columns}
        )  # fmt: skip


def bridged(ledger: Ledger) -> None:
    """The same machine, hours, requests and GPU-seconds in two months, at a tenth more in the second."""
    for day, cost in ((MONTH_BEFORE, "100"), (DAY, "110")):
        start = datetime(day.year, day.month, day.day)
        ledger.machine(cost, "p-1", "100", cluster="bridge", day=day)
        ledger.gpu_hours(
            "priced", "50", cluster="bridge", node="p-1", day=day, workload_type="serving", model_name="priced"
        )
        ledger.feeds["inference"].append(
            {"usage_start": start, "usage_end": start + timedelta(days=1), "model_name": "priced", "workload": "priced",
             "requests": Decimal(1000), "gpu_seconds": Decimal(60000)}
        )  # fmt: skip


def cached(ledger: Ledger) -> None:
    """A managed model that read half of its input from a cache, at a tenth of the price."""
    for cost, action in (("3", None), ("0.3", "Read")):
        ledger.charge(cost, model_id="nova2", token_direction="Input", token_cache_action=action, team="search",
                      token_count=Decimal(10**6))  # fmt: skip
    ledger.asked_tokens("2000000", cached_input_tokens=Decimal(10**6), output_tokens=Decimal(0), requests=Decimal(10),
                        model_name="nova2", team="search")  # fmt: skip


def half_told(ledger: Ledger) -> None:
    """A managed model with cost on two days, whose requests of one of them nobody delivered."""
    for day in (MONTH_BEFORE, DAY):
        ledger.charge("5", model_id="nova3", token_direction="Input", team="search", day=day)
    ledger.asked_tokens("1000000", output_tokens=Decimal(0), requests=Decimal(10), model_name="nova3", team="search")


def traced() -> dict[tuple[date, str], tuple[Decimal, int]]:
    """GPU-hours (whole millionths) and requests by day and model of the real trace of image generation."""
    seconds: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    requests: dict[tuple[date, str], int] = defaultdict(int)
    with gzip.open(TRACE, "rt", newline="") as file:
        for row in csv.DictReader(file):
            key = (date.fromisoformat(row["gmt_create"][:10]), row["checkpoint_model_version_id"] or "unnamed")
            seconds[key] += Decimal(row["exec_time_seconds"] or 0)
            requests[key] += 1
    millionth = Decimal("0.000001")
    return {key: ((seconds[key] / 3600).quantize(millionth), requests[key]) for key in requests}


def trace(ledger: Ledger) -> None:
    """The trace's models on one cluster with a day's bill."""
    if not TRACE.is_file():
        return
    held = traced()
    for day in sorted({day for day, _ in held}):
        ledger.machine(str(TRACE_COST), "trace-1", str(TRACE_CAPACITY), cluster="trace", day=day)
    for (day, model), (hours, requests) in held.items():
        start = datetime(day.year, day.month, day.day)
        ledger.gpu_hours(f"serve-{model}", str(hours), cluster="trace", node="trace-1", day=day, model_name=model,
                         workload_type="serving", environment="trace")  # fmt: skip
        ledger.feeds["inference"].append(
            {"usage_start": start, "usage_end": start + timedelta(days=1), "model_name": model, "environment": "trace",
             "workload": f"serve-{model}", "requests": Decimal(requests)}
        )  # fmt: skip


@pytest.fixture(scope="module")
def units(ledgers: Path) -> Built:
    ledger = Ledger(ledgers / "units", metrics=METRICS, datasets=CATALOG)
    for case in (storage, catalogued, business, lives, bridged, cached, half_told, trace):
        case(ledger)
    return ledger.build()


def first(built: Built, table: str, where: str, columns: str) -> list[tuple[Any, ...]]:
    return built.rows(f"select {columns} from {table} where {where} order by all")


def test_a_tebibyte_kept_for_a_month_costs_its_bytes_and_accesses(units: Built) -> None:
    columns = "charge_date, team, effective_cost, stored_cost, cost_per_tib_month, stored_cost_per_tib_month"
    assert first(units, "fct_storage_unit_costs", "dataset = 'crawl'", columns) == [
        (DAY, "data", 12, 10, 12, 10),
        (NEXT_DAY, "data", 20, 20, 10, 10),
    ]
    of_class = "dataset = 'crawl' and storage_class = 'standard'"
    assert first(units, "fct_storage_class_unit_costs", of_class, "distinct cost_per_tib_month") == [(10,)]


def test_accesses_tell_their_price_and_how_long_ago_the_last_one_was(units: Built) -> None:
    columns = "charge_date, cost_per_1k_accesses, days_since_last_access"
    assert first(units, "fct_storage_unit_costs", "dataset = 'crawl'", columns) == [
        (DAY, Decimal("0.5"), 0),
        (NEXT_DAY, None, 1),
    ]


def test_a_retention_saves_at_most_what_was_there_when_it_began(units: Built) -> None:
    columns = "charge_date, retention_days, retention_saving_at_most"
    assert first(units, "fct_storage_unit_costs", "dataset = 'crawl'", columns) == [(DAY, 1, None), (NEXT_DAY, 1, 10)]


def test_the_longest_prefix_names_the_dataset_and_its_owner_pays_where_nobody_is_named(units: Built) -> None:
    columns = "dataset, team, owner, allocated_billed_cost"
    assert first(units, "fct_cost_allocations", "bucket = 'shed'", columns) == [
        ("features", None, "ml", 20),
        ("lot", None, "keeper", 10),
        ("odds", "data", None, 10),
    ]


def test_a_written_feature_costs_what_keeping_its_dataset_does(units: Built) -> None:
    columns = "dataset, accesses, ingests, cost_per_1k_ingests"
    assert first(units, "fct_storage_unit_costs", "dataset in ('features', 'lot')", columns) == [
        ("features", 5000, 4000, 5),
        ("lot", None, None, None),
    ]


def test_storage_without_a_dataset_stays_visible(units: Built) -> None:
    columns = "effective_cost, cost_per_tib_month, is_complete, reason"
    assert first(units, "fct_storage_unit_costs", "dataset is null", columns) == [
        (3, None, False, "storage without a dataset")
    ]


def test_a_metrics_cost_is_split_over_its_entities_by_quantity(units: Built) -> None:
    columns = "entity, cost, effective_cost, unit_cost, revenue, margin, return_on_cost, is_additive, is_complete"
    assert first(units, "fct_unit_costs", "metric = 'prompts'", columns) == [
        ("app", 20, 10, Decimal("0.2"), None, None, None, False, True),
        ("none", None, None, None, None, None, None, False, False),
        ("web", 60, 30, Decimal("0.2"), 100, 40, Decimal("1.666666666667"), False, True),
    ]


def test_a_metric_may_follow_the_entity_that_the_ledger_names(units: Built) -> None:
    columns = "entity, cost, unit_cost, reason"
    assert first(units, "fct_unit_costs", "metric = 'tenants'", columns) == [
        ("acme", 30, 15, None),
        ("bolt", 10, None, "no quantity of this metric in the feeds on this day"),
        ("ghost", None, None, "no cost in the ledger for this metric and entity on this day"),
    ]


def test_a_metric_that_nobody_defined_says_so_and_one_that_nobody_counts_is_absent(units: Built) -> None:
    columns = "metric, cost, is_complete, reason"
    assert first(units, "fct_unit_costs", "metric in ('mystery', 'uncounted')", columns) == [
        ("mystery", None, False, "metrics.yaml does not define this metric")
    ]


def test_a_models_life_is_told_by_stage(units: Built) -> None:
    columns = """data_preparation_cost, experiments_cost, training_cost, evaluation_cost, serving_cost, making_cost,
        wasted_cost, making_cost_per_1k_inferences, quality_gain, is_additive"""
    assert first(units, "fct_model_lifecycle_costs", "model_name = 'self'", columns) == [
        (10, 10, 40, 20, 100, 80, 10, Decimal("0.8"), Decimal("0.1"), False)
    ]


def test_self_hosting_breaks_even_at_the_utilisation_where_it_costs_the_quoted_price(units: Built) -> None:
    columns = """serving_cost_per_1k_inferences, fully_loaded_cost_per_1k_inferences, serving_utilization,
        alternative_cost_per_1k_inferences, break_even_utilization, is_self_hosting_cheaper"""
    assert first(units, "fct_model_lifecycle_costs", "model_name = 'self'", columns) == [
        (1, 4, Decimal("0.25"), 2, Decimal("0.5"), False)
    ]


def test_a_model_that_serves_nobody_is_not_complete(units: Built) -> None:
    columns = "serving_cost, making_cost_per_1k_inferences, is_complete, reason"
    assert first(units, "fct_model_lifecycle_costs", "model_name = 'bizmodel'", columns) == [
        (40, None, False, "no requests to spread the cost of making it over")
    ]


def test_a_model_with_cost_of_days_without_requests_is_not_complete(units: Built) -> None:
    """Its unit cost has twice the cost of the requests that are known."""
    columns = "serving_cost, inferences, serving_cost_per_1k_inferences, is_complete, reason"
    assert first(units, "fct_model_lifecycle_costs", "model_name = 'nova3'", columns) == [
        (10, 10, 1000, False, "cost without requests, or requests without cost, on some days")
    ]


def test_a_dearer_machine_is_told_as_price_to_the_last_digit(units: Built) -> None:
    columns = """from_period, to_period, unit_cost_before, unit_cost_change, price_effect, commitment_effect,
        idle_effect, efficiency_effect, mix_effect, allocation_rule_effect, residual"""
    assert first(units, "fct_unit_cost_bridge", "model_name = 'priced'", columns) == [
        ("2026-09", "2026-10", 100, 10, 10, 0, 0, 0, 0, 0, 0)
    ]


def test_a_month_that_is_not_over_is_no_whole_month_to_compare_with(units: Built) -> None:
    columns = "to_period, is_complete, reason"
    assert first(units, "fct_unit_cost_bridge", "model_name = 'priced'", columns) == [
        ("2026-10", False, "to_period is not over: its days so far stand for it")
    ]


def test_a_single_cause_planted_in_the_factors_takes_the_whole_change(units: Built) -> None:
    output = units.run_unit_tests("models/intermediate/unit_economics")
    assert "1 of 1 PASS int_unit_cost_effects::test_each_planted_cause_takes_the_whole_change" in output


def test_inference_has_both_bases_and_repeated_requests_apart(units: Built) -> None:
    columns = """cost_per_gpu_second * 900, fully_loaded_cost_per_gpu_second * 900, utilization, retried_inferences"""
    assert first(units, "fct_inference_unit_costs", "model_name = 'self'", columns) == [
        (Decimal("0.9999999999"), 4 - Decimal("0.0000000004"), Decimal("0.25"), 7)
    ]


def test_cached_input_has_the_price_of_its_own_meters(units: Built) -> None:
    columns = "cost_per_1m_input_tokens, cost_per_1m_cached_input_tokens"
    assert first(units, "fct_inference_unit_costs", "model_name = 'nova2'", columns) == [
        (Decimal("1.65"), Decimal("0.3"))
    ]


@pytest.mark.skipif(not TRACE.is_file(), reason="the real inference trace does not lie beside this checkout")
def test_a_real_trace_costs_per_model_what_an_independent_computation_says(units: Built) -> None:
    expected: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for (_, model), (hours, requests) in traced().items():
        expected[model][0] += TRACE_COST * hours / TRACE_CAPACITY
        expected[model][1] += requests
    found = {
        model: (cost, requests)
        for model, cost, requests in units.rows(
            "select model_name, sum(effective_cost), sum(inferences) from fct_inference_unit_costs"
            " where environment = 'trace' group by all"
        )
    }
    assert len(found) == 83
    assert sum(requests for _, requests in found.values()) == 13_412
    assert found.keys() == expected.keys()
    for model, (cost, requests) in expected.items():
        if cost == 0:  # asked, and nothing was computed: no cost is known, which is not a cost of 0
            assert found[model][0] is None
            continue
        # shares are cut off at the fifteenth decimal, a day and model each
        assert abs(found[model][0] / found[model][1] - cost / requests) * 1000 < Decimal("1e-9"), model
