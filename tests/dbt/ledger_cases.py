"""The bills that tests of the ledger are about: each case in a cluster or bucket of its own, all in one bill.

One bill, so that dbt runs once. What comes out is said in the tests.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger_fixture import DAY, Ledger

NEXT_DAY = DAY + timedelta(days=1)
TIB_DAY = Decimal(2**40 * 24)


def fill(ledger: Ledger) -> Ledger:
    """Every case of this file."""
    for case in CASES:
        case(ledger)
    return ledger


def nodes(ledger: Ledger) -> None:
    """Telemetry names the machine; core and memory lines of the same machine follow it."""
    ledger.machine("96", "i-1", "192", cluster="nodes")
    ledger.machine("9.6", "i-1", None, cluster="nodes", gpu_model=None, pricing_category="Other", service_name="Cores")
    ledger.machine("-0.96", "i-1", None, cluster="nodes", charge_category="Credit", charge_origin="credit")
    ledger.machine("48", "i-2", "192", cluster="nodes", capacity_type="spot")
    ledger.gpu_hours("train", "96", cluster="NODES", node="I-1", team="foundation")
    ledger.gpu_hours("serve", "48", cluster="nodes", node="i-1", team="search")
    # the day after, the telemetry of the cluster is missing
    ledger.machine("96", "i-1", "192", cluster="nodes", day=NEXT_DAY)


def scale_set(ledger: Ledger) -> None:
    """The bill knows a scale set only, in a reserved and an on-demand line; telemetry names it by its resource."""
    for cost, kind in (("60", "reserved"), ("40", "on_demand")):
        ledger.machine(cost, None, "24", cluster=None, resource_id="/sub/vmss-a", resource_name="vmss-a",
                       capacity_type=kind, sub_account_id=kind)  # fmt: skip
    ledger.gpu_hours("batch", "36", cluster="aks", node_pool="vmss-a", node="vmss-a_0", team="research")


def mixed_models(ledger: Ledger) -> None:
    """No names in common: cluster by model and capacity type. A row without a model is spread by capacity."""
    ledger.machine("80", None, "40", cluster="lab", gpu_model="H100")
    ledger.machine("10", None, "20", cluster="lab", gpu_model="A10G")
    ledger.gpu_hours("big", "10", cluster="lab", gpu_model="NVIDIA-H100-80GB-HBM3")
    ledger.gpu_hours("small", "5", cluster="lab", gpu_model="a10g", capacity_type="on_demand")
    ledger.gpu_hours("any", "6", cluster="lab")


def mixed_levels(ledger: Ledger) -> None:
    """One machine is known by name, one by its pool, one only by its cluster: each row counts at one level."""
    ledger.machine("10", "m-1", "10", cluster="mixed", node_pool="a")
    ledger.machine("20", "m-2", "10", cluster="mixed", node_pool="b")
    ledger.machine("30", "m-3", "10", cluster="mixed", node_pool="c")
    ledger.gpu_hours("by-node", "5", cluster="mixed", node="m-1", node_pool="a")
    ledger.gpu_hours("by-pool", "5", cluster="mixed", node_pool="b")
    ledger.gpu_hours("by-cluster", "5", cluster="mixed")


def too_much(ledger: Ledger) -> None:
    """More held than paid for, and a pod on a machine that the bill does not have."""
    ledger.machine("12", "t-1", "10", cluster="tight")
    ledger.gpu_hours("first", "9", cluster="tight", node="t-1")
    ledger.gpu_hours("second", "3", cluster="tight", node="t-1")
    ledger.gpu_hours("lost", "7", cluster="tight", node="t-9")


def long_interval(ledger: Ledger) -> None:
    """A job over three days holds an even part of each day it touches."""
    for offset in range(3):
        ledger.machine("24", "l-1", "24", cluster="long", day=DAY + timedelta(days=offset))
    ledger.gpu_hours("job", "1", cluster="long", node="l-1", usage_start=datetime(2026, 10, 5, 18),
                     usage_end=datetime(2026, 10, 7, 1))  # fmt: skip
    ledger.gpu_hours("other", "12", cluster="long", node="l-1", day=DAY + timedelta(days=2))


def told_capacity(ledger: Ledger) -> None:
    """The bill does not say how many GPU-hours were paid for; a feed does."""
    ledger.machine("100", "c-1", None, cluster="told")
    ledger.gpu_hours("half", "12", cluster="told", node="c-1")
    start = datetime(2026, 10, 5)
    ledger.feeds["gpu_capacity"].append(
        {"usage_start": start, "usage_end": start + timedelta(days=1), "cluster": "told", "node": "c-1",
         "gpu_hours_capacity": Decimal(24)}
    )  # fmt: skip


def machines_of_nobody(ledger: Ledger) -> None:
    """A GPU machine that is in no cluster: it belongs to whoever its tag names."""
    ledger.machine("5", "alone", "24", cluster=None, team="vision")


def buckets(ledger: Ledger) -> None:
    """Bytes by class, by bucket and unexplained; requests by accesses and by bytes; a bucket without a feed."""

    def bytes_of(bucket: str, cost: str, billed: Decimal | int, **columns: Any) -> None:
        ledger.charge(cost, bucket=bucket, storage_measure="bytes", billed_byte_hours=Decimal(billed),
                      service_name="Simple Storage", cost_layer="storage", **columns)  # fmt: skip

    bytes_of("lake", "10", 1000, storage_class="standard")
    bytes_of("lake", "4", 400, storage_class="archive")
    ledger.stored("750", "lake", storage_class="STANDARD", dataset="crawl", team="foundation")
    ledger.stored("250", "lake", storage_class="standard", dataset="clicks", team="search")
    ledger.stored("300", "lake", storage_class="Glacier", dataset="old", team="foundation")
    ledger.charge("1", bucket="lake", storage_measure="requests", service_name="Simple Storage")
    ledger.feeds["storage_access"] += [
        {"usage_date": DAY, "bucket": "lake", "requests": Decimal(n), "dataset": name}
        for n, name in ((300, "crawl"), (100, "clicks"))
    ]
    # rounded by the bill, by less than a thousandth: all of it is explained
    bytes_of("rounded", "8", 10_009, storage_class="standard")
    ledger.stored("10000", "rounded", dataset="rounded")
    # a class of which the feed knows nothing
    bytes_of("partly", "8", 50, storage_class="cold")
    ledger.stored("100", "partly", storage_class="standard", dataset="warm")
    # nobody counted the accesses
    ledger.charge("2", bucket="uncounted", storage_measure="requests", service_name="Simple Storage")
    ledger.stored("30", "uncounted", dataset="one")
    ledger.stored("10", "uncounted", dataset="two")
    bytes_of("unfed", "3", 100, storage_class="standard")
    # 80 PiB a day do not fit 64-bit byte-hours
    bytes_of("huge", "1", TIB_DAY * 1024 * 80, storage_class="standard")
    ledger.stored(str(TIB_DAY * 1024 * 60), "huge", dataset="most")
    ledger.stored(str(TIB_DAY * 1024 * 20), "huge", dataset="rest")
    # nor does the part of them that nobody explains fit more than 18 decimals
    bytes_of("vast", "4", TIB_DAY * 1024 * 80, storage_class="standard")
    ledger.stored(str(TIB_DAY * 1024 * 60), "vast", dataset="some")


def monthly_lines(ledger: Ledger) -> None:
    """A line of the whole month takes the whole month's driver and keeps its own day."""
    month = {"charge_period_start": datetime(2026, 10, 1), "charge_period_end": datetime(2026, 11, 1)}
    ledger.charge("30", day=date(2026, 10, 1), bucket="monthly", storage_class="standard", storage_measure="bytes",
                  billed_byte_hours=Decimal(1000), **month)  # fmt: skip
    ledger.stored("600", "monthly", day=date(2026, 10, 1), dataset="early")
    ledger.stored("400", "monthly", day=date(2026, 10, 19), dataset="late")


def owners_and_nobody(ledger: Ledger) -> None:
    """What needs no driver."""
    ledger.charge("5", team="search", project="ranking", environment="prod", sub_account_id="owners")
    ledger.charge("6", environment="prod", sub_account_id="owners")
    ledger.charge("7", model_id="claude-sonnet-4.6", token_direction="Input", team="search", sub_account_id="owners")
    ledger.charge("8", model_id="claude-sonnet-4.6", token_direction="Output", sub_account_id="owners")
    ledger.charge("0", effective_cost=Decimal(9), commitment_discount_id="sp-1", commitment_discount_status="Unused",
                  sub_account_id="owners")  # fmt: skip
    ledger.charge("2", charge_category="Tax", sub_account_id="owners")
    ledger.charge("-3", charge_category="Credit", sub_account_id="owners")
    ledger.charge("-1", charge_class="Correction", sub_account_id="owners")
    ledger.charge("4", service_name="AWS Support (Business)", sub_account_id="owners")
    ledger.charge("11", charge_category="Purchase", commitment_discount_id="sp-1", sub_account_id="owners")
    ledger.charge("5", team="search", project="ranking", environment="prod", sub_account_id="owners",
                  billing_currency="EUR")  # fmt: skip


def serving(ledger: Ledger) -> None:
    """A served model on two endpoints beside a training job, a managed model, and feeds that miss one another."""
    ledger.machine("100", "s-1", "100", cluster="serve")
    ledger.machine("-10", "s-1", None, cluster="serve", charge_category="Credit", charge_origin="credit")
    chat: dict[str, Any] = {"model_name": "aurora", "model_version": "v2", "environment": "prod", "team": "assistant"}
    ledger.gpu_hours("chat", "40", cluster="serve", node="s-1", workload_type="serving", **chat)
    ledger.gpu_hours("pretrain", "40", cluster="serve", node="s-1", workload_type="training", model_name="aurora")
    ledger.machine("50", "s-2", "50", cluster="serve")
    ledger.gpu_hours("unasked", "50", cluster="serve", node="s-2", workload_type="Serving", model_name="unasked")
    ledger.asked("3000", workload="chat", endpoint="eu", serving_mode="real_time", gpu_seconds=Decimal(900), **chat)
    ledger.asked("1000", workload="chat", endpoint="us", serving_mode="real_time", failed_requests=Decimal(5), **chat)
    ledger.asked("10", model_name="ghost")
    ledger.charge("7", model_id="nova", token_direction="Input", team="search")
    ledger.charge("12", model_id="nova", token_direction="Output", team="search")
    ledger.asked_tokens("3500000", output_tokens=Decimal(1500000), requests=Decimal(2000), model_name="nova",
                        team="search", endpoint="aws/nova")  # fmt: skip


CASES: tuple[Callable[[Ledger], None], ...] = (
    nodes, scale_set, mixed_models, mixed_levels, too_much, long_interval, told_capacity, machines_of_nobody, buckets,
    monthly_lines, owners_and_nobody, serving,
)  # fmt: skip
