"""Unit costs beside feeds that tell less than one would like: by month, without workload, for one bucket of two."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_fixture import DAY, Built, Ledger
from unit_corner_cases import NEXT_DAY, TIB_MONTH, ask, serve

from finops_pipeline.side_files.metrics import Metrics

METRICS = Metrics.model_validate(
    {
        "version": 1,
        "metrics": (
            {"name": "seats", "unit": "seat", "owner": "finance", "description": "for a test", "split": "revenue",
             "cost": {"team": ["counted"]}},
        ),
    }
)  # fmt: skip


def gateway(ledger: Ledger) -> None:
    """The gateway counts tokens and requests and knows no workloads; the servers count the same requests."""
    serve(ledger, "gateway", "30", workload="gateway-server")
    ask(ledger, "gateway", "300", workload="gateway-server", endpoint="eu")
    ledger.asked_tokens("6000", requests=Decimal(300), model_name="gateway")
    for workload in ("one", "two"):
        serve(ledger, "pair", "15", workload=workload, cluster=f"pair {workload}")
        ask(ledger, "pair", "150", workload=workload)
    ledger.asked_tokens("6000", requests=Decimal(300), model_name="pair")


def monthly(ledger: Ledger) -> None:
    """A feed by month: of nine requests to one endpoint a day has less than half a one."""
    serve(ledger, "monthly", "30")
    for endpoint, requests in (("busy", 291), ("rare", 9)):
        ledger.feeds["inference"].append(
            {"usage_start": datetime(2026, 10, 1), "usage_end": datetime(2026, 11, 1), "model_name": "monthly",
             "endpoint": endpoint, "requests": Decimal(requests)}
        )  # fmt: skip


def two_buckets(ledger: Ledger) -> None:
    """A dataset in two buckets, of which one has no feed on the second day."""
    for day in (DAY, NEXT_DAY):
        for bucket in ("Told", "Silent"):
            ledger.charge("10", day=day, bucket=bucket, storage_measure="bytes", storage_class="standard",
                          billed_byte_hours=TIB_MONTH, cost_layer="storage")  # fmt: skip
            if (bucket, day) != ("Silent", NEXT_DAY):
                ledger.stored(str(TIB_MONTH), bucket, day=day, dataset="halves", storage_class="standard")


def seats(ledger: Ledger) -> None:
    ledger.charge("90", team="counted")
    ledger.feeds["business_metric"] += [
        {"usage_date": DAY, "metric": "seats", "entity": entity, "quantity": Decimal(1), "revenue": Decimal(revenue),
         "currency": currency}
        for entity, revenue, currency in (("less", 100, "usd"), ("more", 200, "USD"))
    ]  # fmt: skip


def moving_below_nothing(ledger: Ledger) -> None:
    """Costs that turn negative or to nothing from one month to the next, with requests in both."""
    for model, costs in (("below", ("10", "-5")), ("nothing", ("0", "10")), ("never", ("0", "0"))):
        for month, cost in zip((8, 9), costs, strict=True):
            serve(ledger, model, cost, day=date(2026, month, 5))
            ask(ledger, model, "1000", day=date(2026, month, 5), gpu_seconds=Decimal(600))


@pytest.fixture(scope="module")
def fed(ledgers: Path) -> Built:
    ledger = Ledger(ledgers / "fed", metrics=METRICS)
    for case in (gateway, monthly, two_buckets, seats, moving_below_nothing):
        case(ledger)
    return ledger.build()


def served(built: Built, model: str, columns: str) -> list[tuple[Any, ...]]:
    return built.rows(f"select {columns} from fct_inference_unit_costs where model_name = '{model}' order by all")


def test_tokens_without_a_workload_stand_beside_the_requests_of_the_only_one(fed: Built) -> None:
    columns = "endpoint, effective_cost, inferences, input_tokens, is_complete"
    assert served(fed, "gateway", columns) == [("eu", 30, 300, 6000, True)]


def test_tokens_without_a_workload_count_no_request_of_several_again(fed: Built) -> None:
    assert served(fed, "pair", "effective_cost, inferences, input_tokens") == [(30, 300, 6000)]


def test_requests_of_a_month_have_their_cost_on_each_day_however_few_they_are(fed: Built) -> None:
    columns = "endpoint, round(effective_cost, 3), is_complete"
    assert fed.rows(
        f"select {columns} from fct_inference_unit_costs where model_name = 'monthly' and charge_date = '{DAY}'"
        " order by all"
    ) == [("busy", Decimal("29.1"), True), ("rare", Decimal("0.9"), True)]


def test_a_dataset_of_which_a_bucket_has_no_feed_is_not_complete(fed: Built) -> None:
    columns = "charge_date, effective_cost, cost_per_tib_month, is_complete, reason"
    assert fed.rows(f"select {columns} from fct_storage_unit_costs where dataset = 'halves' order by all") == [
        (DAY, 20, 10, True, None),
        (NEXT_DAY, 10, 10, False, "some of its cost has no driver on this day: telemetry is missing"),
    ]


def test_a_currency_is_the_same_in_small_letters(fed: Built) -> None:
    columns = "entity, round(cost, 9), revenue, round(margin, 9)"
    assert fed.rows(f"select {columns} from fct_unit_costs where metric = 'seats' order by all") == [
        ("less", 30, 100, 70),
        ("more", 60, 200, 140),
    ]


def test_a_bridge_over_nothing_or_less_still_sums(fed: Built) -> None:
    effects = " + ".join(f"{name}_effect" for name in ("price", "commitment", "idle", "efficiency", "mix"))
    sums = f"{effects} = unit_cost_change"
    columns = f"model_name, unit_cost_before, unit_cost_after, {sums}, mix_effect, residual, reason"
    mixed = "some ways of serving are new, gone, or cost nothing or less in a month: they count as mix"
    assert fed.rows(f"select {columns} from fct_unit_cost_bridge order by all") == [
        ("below", 10, -5, True, -15, 0, mixed),
        ("never", 0, 0, True, 0, 0, None),
        ("nothing", 0, 10, True, 10, 0, mixed),
    ]
