"""What a training run costs: the ledger's cost of its days, whole, and what is missing when something is."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_fixture import DAY, Built, Ledger

from finops_pipeline.checks.adding_up import costs_add_up_to_the_bill

START = datetime(DAY.year, DAY.month, DAY.day)


def run(ledger: Ledger, run_id: str, hours: tuple[int, int], **columns: Any) -> None:
    """A reported run, active between two hours counted from the ledger's day."""
    interval = {
        f"{name}_at": START + timedelta(hours=hour) for name, hour in zip(("started", "ended"), hours, strict=True)
    }
    ledger.feeds["training_runs"].append({"run_id": run_id, "status": "completed", **interval, **columns})


@pytest.fixture(scope="module")
def trained(ledgers: Path) -> Built:
    """A cluster whose pods name their runs, one whose pods name workloads only, and runs that miss their cost."""
    ledger = Ledger(ledgers / "trained")
    for offset in (0, 1):
        day = DAY + timedelta(days=offset)
        ledger.machine("100", "n-1", "100", cluster="named", capacity_type="spot", pricing_category="Dynamic", day=day)
        ledger.gpu_hours("pre", "50", cluster="named", node="n-1", workload_type="training", run_id="r-1", day=day)
    ledger.gpu_hours("pre", "25", cluster="named", node="n-1", workload_type="training", run_id="r-2")
    ledger.machine("-10", "n-1", None, cluster="named", charge_category="Credit", charge_origin="credit")
    run(ledger, "r-1", (0, 48), workload="pre", epochs=Decimal(4), model_name="aurora", team="foundation")
    run(ledger, "r-2", (6, 12), workload="pre", epochs=Decimal(0), status="Failed", model_name="aurora")
    # workloads only: 30 GPU-hours over two runs and one that names no GPU-hours, so time decides
    ledger.machine("96", "w-1", "48", cluster="unnamed")
    ledger.gpu_hours("sweep", "30", cluster="unnamed", node="w-1", workload_type="training", model_name="mini")
    ledger.gpu_hours("lonely", "12", cluster="unnamed", node="w-1", workload_type="training", model_name="mini")
    run(
        ledger, "s-1", (0, 9), workload="sweep", cluster="UNNAMED", sweep="lr", epochs=Decimal(1), gpu_hours=Decimal(20)
    )
    run(ledger, "s-2", (9, 12), workload="sweep", status="pre-empted", epochs=Decimal(1))
    run(ledger, "s-3", (8, 12), workload="sweep", cluster="elsewhere", gpu_hours=Decimal(5))
    # by GPU-hours where all runs tell theirs; one of them goes on
    ledger.machine("30", "g-1", "30", cluster="told")
    ledger.gpu_hours("tune", "30", cluster="told", node="g-1", workload_type="fine-tuning")
    run(ledger, "t-1", (0, 2), workload="tune", gpu_hours=Decimal(3), status="early-stopped", epochs=Decimal(1))
    run(ledger, "t-2", (4, 6), workload="tune", gpu_hours=Decimal(1), status="odd", epochs=Decimal(1))
    ledger.feeds["training_runs"].append(
        {"run_id": "t-3", "status": "running", "started_at": START + timedelta(hours=30)}
    )
    return ledger.build()


def days(built: Built, where: str, columns: str) -> list[tuple[Any, ...]]:
    return built.rows(f"select {columns} from fct_training_run_days where {where} order by all")


def runs(built: Built, where: str, columns: str) -> list[tuple[Any, ...]]:
    return built.rows(f"select {columns} from fct_training_unit_costs where {where} order by all")


def test_a_run_that_its_pods_name_has_their_cost_on_each_of_its_days(trained: Built) -> None:
    columns = "run_id, charge_date, effective_cost, spot_cost, idle_cost, credit_cost, gpu_hours, is_complete"
    assert days(trained, "workload = 'pre'", columns) == [
        # 25 of 100 GPU-hours were idle on the first day, 50 on the second; the credit follows the month's GPU-hours
        ("r-1", DAY, 50, 50, Decimal("16.666666666666675"), -5, 50, True),
        ("r-1", DAY + timedelta(days=1), 50, 50, 50, 0, 50, True),
        ("r-2", DAY, 25, 25, Decimal("8.333333333333325"), Decimal("-1.25"), 25, True),
    ]


def test_an_epoch_costs_the_runs_cost_over_its_epochs(trained: Built) -> None:
    columns = "run_id, model_name, team, effective_cost, gpu_hours, epochs, cost_per_epoch, status, is_complete, reason"
    assert runs(trained, "workload = 'pre'", columns) == [
        ("r-1", "aurora", "foundation", 100, 100, 4, 25, "completed", True, None),
        ("r-2", "aurora", None, 25, 25, 0, None, "Failed", False, "the run finished no epoch"),
    ]


def test_runs_of_one_workload_share_its_day_by_time_when_not_all_tell_gpu_hours(trained: Built) -> None:
    columns = "run_id, effective_cost, on_demand_cost, sweep, gpu_hours, reason"
    assert days(trained, "run_id like 's-%' and effective_cost is not null", columns) == [
        ("s-1", 45, 45, "lr", 20, None),
        ("s-2", 15, 15, None, None, "no GPU-hours of this run in the feeds"),
    ]


def test_runs_of_one_workload_share_its_day_by_gpu_hours_when_all_tell_them(trained: Built) -> None:
    assert days(trained, "run_id in ('t-1', 't-2')", "run_id, effective_cost") == [
        ("t-1", Decimal("22.5")),
        ("t-2", Decimal("7.5")),
    ]


def test_money_of_runs_that_left_nothing_behind_is_waste_and_of_unknown_ones_unknown(trained: Built) -> None:
    assert runs(trained, "run_id is not null", "run_id, outcome, wasted_cost") == [
        ("r-1", "completed", 0),
        ("r-2", "failed", 25),
        ("s-1", "completed", 0),
        ("s-2", "preempted", 15),
        ("s-3", "completed", None),
        ("t-1", "early_stopped", Decimal("22.5")),
        ("t-2", None, None),
        ("t-3", "running", None),
    ]


def test_training_cost_that_no_run_explains_stays_visible(trained: Built) -> None:
    assert days(trained, "run_id is null", "workload, model_name, effective_cost, is_complete, reason") == [
        ("lonely", "mini", 24, False, "no run of this workload in the training_runs feed on this day")
    ]


def test_a_run_without_cost_never_looks_free(trained: Built) -> None:
    columns = "run_id, billing_currency, effective_cost, cost_per_epoch, is_complete, reason"
    assert runs(trained, "run_id in ('s-3', 't-3')", columns) == [
        ("s-3", None, None, None, False, "no cost of this run in the ledger"),
        ("t-3", None, None, None, False, "no cost of this run in the ledger"),
    ]


def test_the_uses_of_the_money_add_up_to_the_bill(trained: Built, built: Built) -> None:
    for ledger in (trained, built):
        with ledger.connect() as warehouse:
            outcome = costs_add_up_to_the_bill(warehouse)
        assert outcome.passed, outcome.summary()
    assert trained.rows("select distinct training_cost > 0 from fct_cost_bridge_to_bill") == [(True,)]
