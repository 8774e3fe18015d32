"""Bills and feeds as companies really have them, for test_unit_corner_cases.py: each case in a place of its own."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger_fixture import DAY, Ledger

START = datetime(DAY.year, DAY.month, DAY.day)
NEXT_DAY = DAY + timedelta(days=1)
EDGE = date(2026, 10, 1)
TIB_MONTH = Decimal(2**40 * 744)
NAME = 'Größe "5/7" O\'Neill\\x ' + "ä" * 280


def serve(ledger: Ledger, model: str, cost: str, *, cluster: str | None = None, **columns: Any) -> None:
    """A machine that a model's workload holds all day."""
    cluster = cluster or f"of {model}"[:60]
    held = {key: columns.pop(key) for key in ("team", "model_version", "workload") if key in columns}
    ledger.machine(cost, cluster, "10", cluster=cluster, **columns)
    ledger.gpu_hours(held.pop("workload", f"serve {model}"), "10", cluster=cluster, node=cluster, model_name=model,
                     workload_type="serving", day=columns.get("day", DAY), **held)  # fmt: skip


def ask(ledger: Ledger, model: str, requests: str | None, *, day: date = DAY, **columns: Any) -> None:
    start = datetime(day.year, day.month, day.day)
    ledger.feeds["inference"].append(
        {"usage_start": start, "usage_end": start + timedelta(days=1), "model_name": model,
         "requests": requests and Decimal(requests), **columns}
    )  # fmt: skip


def counted_twice(ledger: Ledger) -> None:
    """One endpoint in two modes; the tokens feed knows neither mode and counts the same requests."""
    serve(ledger, "twice", "30")
    for mode, requests in (("real_time", "100"), ("batch", "50")):
        ask(ledger, "twice", requests, endpoint="e", serving_mode=mode)
    ledger.asked_tokens("1500", output_tokens=Decimal(150), requests=Decimal(150), model_name="twice", endpoint="e")


def unnamed_endpoints(ledger: Ledger) -> None:
    """Requests without an endpoint, tokens by endpoint: both feeds count the same."""
    serve(ledger, "unnamed", "30")
    ask(ledger, "unnamed", "300")
    for endpoint in ("eu", "us"):
        ledger.asked_tokens("1500", requests=Decimal(150), model_name="unnamed", endpoint=endpoint)


def nobody_asked(ledger: Ledger) -> None:
    serve(ledger, "resting", "8")
    for endpoint in ("eu", "us"):
        ask(ledger, "resting", "0", endpoint=endpoint)


def provisioned(ledger: Ledger) -> None:
    """Managed throughput: its meter names the model and no direction."""
    ledger.charge("20", model_id="throughput", team="search")
    ledger.asked_tokens("4000", output_tokens=Decimal(1000), requests=Decimal(10), model_name="throughput",
                        team="search")  # fmt: skip


def labelled(ledger: Ledger) -> None:
    """Calls of a managed model that a tag names after the product, half of the input from a cache."""
    for cost, action in (("3", None), ("0.3", "Read")):
        ledger.charge(cost, model_id="nova9", model_name="helper", token_direction="Input", token_cache_action=action,
                      team="search", token_count=Decimal(10**6))  # fmt: skip
    ledger.asked_tokens("2000000", cached_input_tokens=Decimal(10**6), requests=Decimal(10), model_name="helper",
                        team="search")  # fmt: skip


def both_ways(ledger: Ledger) -> None:
    """The same model on a machine and as an API."""
    serve(ledger, "both", "90", workload="both-gpu", team="t")
    ledger.charge("3", model_id="both", token_direction="Input", team="t")
    ask(ledger, "both", "100", workload="both-gpu", serving_mode="real_time", team="t")
    ask(ledger, "both", "300", serving_mode="managed_api", team="t")


def two_currencies(ledger: Ledger) -> None:
    """A model that moved from one cloud to the other: a day in both, a day in one."""
    serve(ledger, "dual", "10", workload="dual")
    serve(ledger, "dual", "10", workload="dual", cluster="euro", billing_currency="EUR")
    serve(ledger, "dual", "10", workload="dual", day=NEXT_DAY)
    for day in (DAY, NEXT_DAY):
        ask(ledger, "dual", "1000", workload="dual", day=day)


def month_edge(ledger: Ledger) -> None:
    """A UTC day of which one cloud bills a workload with the month before."""
    serve(ledger, "edge", "10", workload="a", day=EDGE)
    serve(ledger, "edge", "20", workload="b", cluster="pacific", day=EDGE, billing_period="2026-09",
          billing_period_start=datetime(2026, 9, 1), billing_period_end=EDGE, source_name="gcp-main")  # fmt: skip
    for workload in ("a", "b"):
        ask(ledger, "edge", "10", workload=workload, day=EDGE)


def refunded(ledger: Ledger) -> None:
    serve(ledger, "refunded", "10")
    ledger.machine("-15", "of refunded", None, cluster="of refunded", charge_class="Correction")
    ask(ledger, "refunded", "10")


def free_team(ledger: Ledger) -> None:
    """A managed model in two months that are over, a team of which pays nothing."""
    for day, cost in ((date(2026, 8, 5), "10"), (date(2026, 9, 5), "20")):
        ledger.charge(cost, model_id="gift", token_direction="Input", team="pays", day=day)
        ledger.charge("0", model_id="gift", token_direction="Input", team="free", day=day)
        for team in ("pays", "free"):
            start = datetime(day.year, day.month, day.day)
            ledger.feeds["tokens"].append(
                {"usage_start": start, "usage_end": start + timedelta(days=1), "model_name": "gift", "team": team,
                 "input_tokens": Decimal(1000), "requests": Decimal(1000)}
            )  # fmt: skip


def half_a_month(ledger: Ledger) -> None:
    """Two months that are over: of the second, one day costs and is not asked, and one is asked and has no bill."""
    for day in (date(2026, 8, 5), date(2026, 9, 5)):
        serve(ledger, "half", "10", day=day)
        ask(ledger, "half", "1000", day=day)
    serve(ledger, "half", "7", day=date(2026, 9, 6))
    ask(ledger, "half", "400", day=date(2026, 9, 7))


def warm(ledger: Ledger) -> None:
    """Held and not used is shown as the workload's own idle."""
    ledger.machine("100", "w", "10", cluster="warm")
    for workload, hours, used in (("w-chat", "6", "3"), ("w-mail", "2", "2")):
        ledger.gpu_hours(workload, hours, cluster="warm", node="w", model_name=workload, workload_type="serving",
                         team="warm", gpu_hours_used=Decimal(used))  # fmt: skip
        ask(ledger, workload, "10", team="warm")


def train(ledger: Ledger, cluster: str, workload: str, **columns: Any) -> None:
    day = columns.pop("day", DAY)
    ledger.machine(columns.pop("cost", "10"), cluster, "10", cluster=cluster, day=day)
    ledger.gpu_hours(workload, "10", cluster=cluster, node=cluster, workload_type="training", day=day, **columns)


def run(ledger: Ledger, run_id: str, hours: tuple[int, int | None], **columns: Any) -> None:
    began, ended = hours
    ledger.feeds["training_runs"].append(
        {"run_id": run_id, "status": "completed", "model_name": "m", "epochs": Decimal(2),
         "started_at": START + timedelta(hours=began),
         "ended_at": None if ended is None else START + timedelta(hours=ended), **columns}
    )  # fmt: skip


def runs(ledger: Ledger) -> None:
    # reported while it ran, and again when it had ended
    train(ledger, "again", "again")
    run(ledger, "reported-twice", (0, None), workload="again", status="running", epochs=Decimal(1))
    run(ledger, "reported-twice", (0, 12), workload="again", gpu_hours=Decimal(10))
    # pre-empted, and taken up again the day after
    for day in (DAY, NEXT_DAY):
        train(ledger, "attempts", "attempts", day=day)
    run(ledger, "two-attempts", (0, 6), workload="attempts", status="preempted", gpu_hours=Decimal(10))
    run(ledger, "two-attempts", (30, 36), workload="attempts", gpu_hours=Decimal(10))
    # one name for the jobs of two models, as pods and tracker both say
    for model, cost in (("left", "10"), ("right", "30")):
        train(ledger, f"tune {model}", "tune", cost=cost, model_name=model)
        run(ledger, f"tune-{model}", (0, 12), workload="tune", model_name=model, gpu_hours=Decimal(10))
    # the tracker does not know the version; the pods' label changes on the way
    for day, version in ((DAY, "v1"), (NEXT_DAY, "v2")):
        train(ledger, "renamed", "renamed", day=day, run_id="renamed", model_version=version, team=version)
    run(ledger, "renamed", (0, 48), workload="renamed")
    # over a month's end, and never finished
    for day in (date(2026, 9, 30), EDGE):
        train(ledger, "over", "over", day=day)
    run(ledger, "over-midnight", (-102, -84), workload="over", gpu_hours=Decimal(20))
    run(ledger, "endless", (0, None), workload="endless", status="running")


def accessed(ledger: Ledger, dataset: str, team: str) -> None:
    ledger.feeds["storage_access"].append(
        {"usage_date": DAY, "bucket": dataset, "requests": Decimal(4000), "dataset": dataset, "team": team}
    )


def storage(ledger: Ledger) -> None:
    def bytes_of(bucket: str, cost: str, tibs: str, **columns: Any) -> None:
        ledger.charge(cost, bucket=bucket, storage_measure="bytes", storage_class="standard", cost_layer="storage",
                      billed_byte_hours=TIB_MONTH * Decimal(tibs), **columns)  # fmt: skip

    # half of it lies where no bill is
    bytes_of("billed", "10", "1")
    ledger.stored(str(TIB_MONTH), "billed", dataset="partly", team="d", storage_class="standard")
    ledger.stored(str(TIB_MONTH), "basement", dataset="partly", team="d", storage_class="standard")
    # a class that no meter of the bill has
    bytes_of("odd", "10", "1")
    ledger.stored(str(TIB_MONTH), "odd", dataset="odd", team="d", storage_class="standard")
    ledger.stored(str(TIB_MONTH), "odd", dataset="odd", team="d", storage_class="ICE")
    # a disk beside the bucket, of which no feed tells how much is on it
    bytes_of("disked", "10", "1")
    ledger.stored(str(TIB_MONTH), "disked", dataset="disked", team="d", storage_class="standard")
    ledger.charge("5", dataset="disked", team="d", cost_layer="storage", service_name="Disks")
    # a feed without classes, a bill with them
    bytes_of("plain", "10", "1")
    ledger.stored(str(TIB_MONTH), "plain", dataset="plain", team="d")
    ledger.charge("2", bucket="plain", storage_measure="requests", cost_layer="storage")
    accessed(ledger, "plain", "d")
    # owned by one team, read by another
    bytes_of("read", "10", "1")
    ledger.stored(str(TIB_MONTH), "read", dataset="read", team="owner", storage_class="standard")
    accessed(ledger, "read", "reader")
    # accesses that no meter of the bill charges for
    bytes_of("unmetered", "10", "1")
    ledger.stored(str(TIB_MONTH), "unmetered", dataset="unmetered", team="d", storage_class="standard")
    accessed(ledger, "unmetered", "d")
    # one name in two clouds, one of them billed in euros
    bytes_of("namesake", "10", "1")
    bytes_of("namesake", "10", "1", billing_currency="EUR", source_name="gcp-main")
    ledger.stored(str(TIB_MONTH * 2), "namesake", dataset="namesake", team="d", storage_class="standard")
    # a bucket without anything in it, billed all the same
    bytes_of("void", "1", "0")
    ledger.stored("0", "void", dataset="void", team="d", storage_class="standard")


def feed_that_stopped(ledger: Ledger) -> None:
    """A team's machine without telemetry on the second day, beside an API that is billed by its meter."""
    serve(ledger, "fed", "20", team="fed")
    ledger.machine("20", "of fed", "10", cluster="of fed", day=NEXT_DAY)
    for day in (DAY, NEXT_DAY):
        serve(ledger, "fed", "5", team="fed", cluster="told", day=day)
        ask(ledger, "fed", "10", team="fed", day=day)
        ledger.charge("10", model_id="api", team="fed", day=day)
        counted = {"usage_date": day, "metric": "fed", "entity": "all", "quantity": Decimal(10)}
        ledger.feeds["business_metric"].append(counted)


def metrics(ledger: Ledger) -> None:
    ledger.charge("90", team="counted")
    ledger.feeds["business_metric"] += [
        {"usage_date": DAY, "metric": metric, "entity": entity, "quantity": Decimal(quantity), **columns}
        for metric, entity, quantity, columns in (
            ("bytes", "a", 10**13, {}),
            ("bytes", "b", 2 * 10**13, {}),
            ("sales", "dollar", 1, {"revenue": Decimal(100), "currency": "USD"}),
            ("sales", "euro", 1, {"revenue": Decimal(200), "currency": "EUR"}),
            ("euros", "less", 1, {"revenue": Decimal(100), "currency": "EUR"}),
            ("euros", "more", 1, {"revenue": Decimal(200), "currency": "EUR"}),
            ("users", "all", 7, {}),
            ("active_users", "all", 3, {}),
            ("loaded", "all", 10, {}),
        )
    ]


def fill(ledger: Ledger) -> Ledger:
    """Every case of this file."""
    for case in (
        counted_twice, unnamed_endpoints, nobody_asked, provisioned, labelled, both_ways, two_currencies, month_edge,
        refunded, free_team, half_a_month, warm, runs,
        storage, feed_that_stopped, metrics,
    ):  # fmt: skip
        case(ledger)
    serve(ledger, NAME, "5", team=NAME)
    ask(ledger, NAME, "1", team=NAME)
    return ledger
