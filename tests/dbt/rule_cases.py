"""A bill on which every kind of allocation rule is at work, each on charges of its own; one bill, so dbt runs once.

What comes out is said in test_allocation_rules.py.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger_fixture import DAY, Ledger

NEXT_DAY = DAY + timedelta(days=1)
BASES = ("requested", "used", "max")
IDLE_POLICIES = ("visible", "spread", "owner", "reservation_holder")

COMBINATIONS = [(basis, idle) for basis in BASES for idle in IDLE_POLICIES]


def _cluster_rule(basis: str, idle: str) -> str:
    carried_by = ", owner: {team: platform}" if idle == "owner" else ""
    name = f"{basis}-{idle}"
    return (
        f"  - {{name: {name.replace('_', '-')}, pool: gpu_cluster, select: {{x_Cluster: {name}}}, driver: gpu_hours,"
        f" basis: {basis}, idle: {idle}{carried_by}}}\n"
    )


RULES = f"""version: 1
rules:
  # GPU clusters: every basis with every idle policy, and a change of rules from one day to the next
{"".join(_cluster_rule(basis, idle) for basis, idle in COMBINATIONS)}
  - {{name: committed, pool: gpu_cluster, select: {{x_Cluster: committed}}, driver: gpu_hours, idle: spread,
     commitment_benefit: spread}}
  - {{name: fleet, pool: owner, select: {{SubAccountId: fleet}}, driver: direct, commitment_benefit: spread}}
  - {{name: peaks, pool: gpu_cluster, select: {{x_Cluster: peaks}}, driver: gpu_hours, alternative: peak}}
  - {{name: mixed, pool: gpu_cluster, select: {{x_Cluster: mixed}}, driver: gpu_hours, idle: spread}}
  - {{name: scale-sets, pool: gpu_cluster, select: {{x_Cluster: {{starts_with: AKS}}}}, driver: gpu_hours,
     idle: spread}}
  # what was held and not used: nobody's on the basis of use, its holder's where a rule shows it; and hours
  - {{name: typed, pool: gpu_cluster, select: {{x_Cluster: typed}}, driver: gpu_hours, basis: used}}
  - {{name: shown, pool: gpu_cluster, select: {{x_Cluster: shown}}, driver: gpu_hours, unused: shown, idle: spread}}
  - {{name: hourly, pool: gpu_cluster, select: {{x_Cluster: [hourly, daily]}}, driver: gpu_hours, window: hour}}
  - {{name: published, pool: gpu_cluster, select: {{x_Cluster: [oc1, oc2]}}, driver: gpu_hours, idle: spread}}
  # GPUs against cores and memory
  - {{name: shared, pool: gpu_cluster, select: {{x_Cluster: [shared, parts, unmeasured]}}, driver: gpu_hours,
     weights: {{gpu: 8, cpu: 1, memory: 1}}}}
  - {{name: shared-by-hour, pool: gpu_cluster, select: {{x_Cluster: [sharedhours, partshours]}}, driver: gpu_hours,
     window: hour, weights: {{gpu: 8, cpu: 1, memory: 1}}}}
  - {{name: before, pool: gpu_cluster, select: {{x_Cluster: turn}}, driver: gpu_hours, to: {NEXT_DAY}}}
  - {{name: after, pool: gpu_cluster, select: {{x_Cluster: turn}}, driver: gpu_hours, basis: used, from: {NEXT_DAY}}}
  - {{name: leftovers, pool: gpu_cluster, select: {{x_Cluster: told}}, tags: {{k8s-namespace: 'kube:unallocated'}},
     driver: gpu_hours}}
  - {{name: clusters, pool: gpu_cluster, driver: gpu_hours, missing: owner, owner: {{team: platform}}}}
  - {{name: buckets, pool: bucket, driver: storage_bytes}}
  # whose a charge is, whatever its tags say
  - {{name: sandbox, select: {{SubAccountId: sandbox}}, driver: direct, owner: {{team: research}}, from: {NEXT_DAY}}}
  # feeds
  - {{name: models, select: {{x_ModelId: {{exists: true}}, x_Team: {{exists: false}}}}, driver: tokens,
     by: {{model_name: x_ModelId}}, consumers: [team]}}
  - {{name: weighed, tags: {{app: weighed}}, driver: tokens, of: {{endpoint: weighed}}, consumers: [customer],
     weights: {{output: 4, cached_input: 0.1}}, model_weights: {{Big: {{output: 5}}}}}}
  - {{name: by-the-month, tags: {{app: by-the-month}}, driver: tokens, of: {{endpoint: by-the-month}},
     consumers: [team]}}
  - {{name: by-hour, tags: {{app: by-hour}}, driver: requests, of: {{endpoint: by-hour}}, window: hour,
     consumers: [customer]}}
  - {{name: endpoint, tags: {{app: endpoint}}, driver: gpu_seconds, of: {{endpoint: search}}}}
  - {{name: airflow, tags: {{app: airflow}}, driver: jobs, of: {{service: airflow}}, window: month, consumers: [team]}}
  - {{name: vectors, tags: {{App: {{starts_with: vec}}}}, driver: driver, of: {{pool: pinecone, driver: vectors}}}}
  - {{name: seats, tags: {{app: seats}}, driver: business_metric, of: {{metric: seats}}, consumers: [team]}}
  - {{name: cores, tags: {{app: cores}}, driver: compute_hours, by: {{cluster: x_Cluster}}, consumers: [team]}}
  - {{name: contract, tags: {{app: contract}}, driver: fixed,
     shares: [{{consumer: {{team: search}}, percent: 33.3}}, {{consumer: {{team: vision}}, percent: 66.7}}]}}
  - {{name: unfed, tags: {{app: unfed}}, driver: jobs, of: {{service: nobody}}}}
  - {{name: unfed-owned, tags: {{app: unfed-owned}}, driver: jobs, of: {{service: nobody}}, missing: owner,
     owner: {{team: platform, cost_center: c-1}}}}
  - {{name: uncounted, tags: {{app: uncounted}}, driver: jobs, of: {{service: nobody}}, missing: owner,
     owner: {{team: platform}}}}
  # another driver from one day to the next: of a pool, and of a shared service
  - {{name: licences, tags: {{app: licences}}, driver: business_metric, of: {{metric: seats}}, consumers: [team],
     to: {NEXT_DAY}}}
  - {{name: licences-by-jobs, tags: {{app: licences}}, driver: jobs, of: {{service: licences}}, consumers: [team],
     from: {NEXT_DAY}}}
  - {{name: broker, tags: {{app: broker}}, driver: api_calls, of: {{service: broker}}, service: broker,
     consumers: [team], to: {NEXT_DAY}}}
  - {{name: broker-by-jobs, tags: {{app: broker}}, driver: jobs, of: {{service: broker}}, service: broker-by-jobs,
     consumers: [team], from: {NEXT_DAY}}}
  # shared services: auth and gateway use one another; two use only each other
  - {{name: auth, tags: {{app: auth}}, driver: api_calls, of: {{service: auth}}, service: auth, consumers: [team]}}
  - {{name: namespace1, tags: {{app: ns1}}, driver: api_calls, of: {{service: ns1}}, service: ns1, consumers: [team]}}
  - {{name: gateway, tags: {{app: gateway}}, driver: api_calls, of: {{service: gateway}}, service: gateway,
     consumers: [team]}}
  - {{name: ping, tags: {{app: ping}}, driver: api_calls, of: {{service: ping}}, service: ping}}
  - {{name: pong, tags: {{app: pong}}, driver: api_calls, of: {{service: pong}}, service: pong}}
  - {{name: nat, tags: {{app: nat}}, driver: driver, of: {{driver: bytes}}, service: nat, consumers: [team]}}
  # overhead
  - {{name: support, select: {{ServiceName: {{contains: Support}}}}, driver: cost}}
  - {{name: tax, select: {{ChargeCategory: Tax}}, driver: cost, within: [SubAccountId]}}
  - {{name: security, tags: {{app: security}}, driver: even}}
  - {{name: unused, select: {{CommitmentDiscountStatus: Unused}}, driver: cost}}
  - {{name: owners, pool: owner, driver: direct}}
"""


def fill(ledger: Ledger) -> Ledger:
    """Every case of this file."""
    for case in (
        clusters, disks, traffic, two_models_on_a_node, idle_and_a_namespace_are_both_shared, quarters_of_a_gpu,
        slices_by_name, bought_as, scale_sets, billed_by_the_month, tiers, rented, day_of_25_hours, commitments,
        peaks, held_and_not_used, gpus_beside_cores, gpus_beside_cores_by_the_hour, hours, split_by_the_clouds, turn,
        sandbox, feeds, tenants, drivers_that_change, services, traffic_of_all, overhead, paid_by_owner, trillions,
    ):  # fmt: skip
        case(ledger)
    return ledger


def clusters(ledger: Ledger) -> None:
    """The same cluster for every basis and idle policy; its machine is reserved and tagged with its holder."""
    for basis, idle in COMBINATIONS:
        name = f"{basis}-{idle}"
        ledger.machine("24", f"i-{name}", "24", cluster=name, team="holder", capacity_type="reserved")
        for workload, requested, used in (("first", "12", 6), ("second", "3", 9)):
            ledger.gpu_hours(workload, requested, cluster=name, node=f"i-{name}", team=workload,
                             gpu_hours_used=Decimal(used))  # fmt: skip
    # nothing to spread to: all of it is idle
    ledger.machine("7", "i-unheld", "24", cluster="requested-spread")
    # no telemetry at all
    ledger.machine("5", "i-dark", "24", cluster="dark")


def two_models_on_a_node(ledger: Ledger) -> None:
    """The numbers of project-koku/koku#6163: idle cost 100 on an A100 and 300 on an H100; spreading lost a quarter.

    Two namespaces use 10 and 6 hours of the A100, and 12 and 4 of the H100.
    """
    for model, cost, capacity, held in (("A100", "260", "26", ("10", "6")), ("H100", "700", "28", ("12", "4"))):
        ledger.machine(cost, f"i-{model}", capacity, cluster="mixed", gpu_model=model)
        for namespace, hours in zip(("one", "two"), held, strict=True):
            ledger.gpu_hours(namespace, hours, cluster="mixed", node=f"i-{model}", gpu_model=model, team=namespace)


def idle_and_a_namespace_are_both_shared(ledger: Ledger) -> None:
    """The numbers of opencost/opencost#1124, where sharing both raised the total (as in kubecost/kubecost#2359).

    Namespaces 1 to 3 cost 28, 36 and 18, two clusters are idle for 20 and 10. In the first cluster 5 of the idle cost
    lies on a machine that namespaces 1 and 2 hold 3 to 3, and 15 on one that they hold 13 to 3; in the second,
    namespaces 2 and 3 hold alike. Namespace 1 is shared by the others, 36 to 18.
    """
    for node, cluster, held in (
        ("oc-cpu", "oc1", {"ns1": 3, "ns2": 3, None: 5}), ("oc-ram", "oc1", {"ns1": 13, "ns2": 3, None: 15}),
        ("oc-both", "oc2", {"ns2": 6, "ns3": 6, None: 10}),
    ):  # fmt: skip
        size = str(sum(held.values()))
        ledger.machine(size, node, size, cluster=cluster, sub_account_id="opencost")
        for namespace, hours in held.items():
            if namespace:
                ledger.gpu_hours(namespace, str(hours), cluster=cluster, node=node, team=namespace)
    for namespace, cost in (("ns1", "12"), ("ns2", "24"), ("ns3", "12")):
        owner: dict[str, Any] = {"tags": {"app": "ns1"}} if namespace == "ns1" else {"team": namespace}
        ledger.charge(cost, sub_account_id="opencost", **owner)
    for team, calls in (("ns2", 36), ("ns3", 18)):
        ledger.feeds["api_calls"].append(
            {"usage_date": DAY, "service": "ns1", "quantity": Decimal(calls), "team": team}
        )


def quarters_of_a_gpu(ledger: Ledger) -> None:
    """Project-HAMi/HAMi#3073: four pods of a quarter are one GPU-hour; three leave a quarter idle; and a whole GPU."""
    for node, pods in (("four", ["0.25"] * 4), ("three", ["0.25"] * 3), ("whole", ["1"])):
        ledger.machine("3.67", f"hami-{node}", "1", cluster="hami")
        for number, fraction in enumerate(pods):
            ledger.gpu_hours(f"{node}-{number}", fraction, cluster="hami", node=f"hami-{node}")


def slices_by_name(ledger: Ledger) -> None:
    """A cluster whose telemetry names no machines: GPUs in slices, by the names that Kubernetes gives them."""
    for model, cost in (("H100", "192"), ("A100-80GB", "48")):
        ledger.machine(cost, f"i-sliced-{model}", "48", cluster="sliced", gpu_model=model)
    for number, model in enumerate(
        (
            "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "NVIDIA H100 80GB HBM3 MIG 3g.40gb", "NVIDIA-H100-80GB-HBM3-SHARED",
            "nvidia-h100-mega-80gb", "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb.me-SHARED",
        )
    ):  # fmt: skip
        ledger.gpu_hours(f"slice-{number}", "12", cluster="sliced", gpu_model=model)


def tiers(ledger: Ledger) -> None:
    """A bucket whose bytes the provider moves between classes, of which the feed therefore tells none."""
    for storage_class, cost, byte_hours in (("standard", "12", 300), ("infrequent", "4", 100), ("cold", "1", 50)):
        ledger.charge(cost, bucket="tiers", storage_class=storage_class, storage_measure="bytes",
                      billed_byte_hours=Decimal(byte_hours))  # fmt: skip
    for dataset, storage_class, byte_hours in (
        ("crawl", "INTELLIGENT_TIERING", "300"), ("clicks", "Intelligent-Tiering", "100"),
        ("scans", "Glacier Instant Retrieval", "50"),
    ):  # fmt: skip
        ledger.stored(byte_hours, "tiers", dataset=dataset, storage_class=storage_class)


def rented(ledger: Ledger) -> None:
    """A cluster that is one line of a vendor's bill, beside a machine of its own line; feeds tell of each machine."""
    ledger.machine("100", None, None, cluster="rented")
    ledger.machine("10", "n-3", None, cluster="rented")
    for node, held in (("n-1", "12"), ("n-3", "6")):
        ledger.gpu_hours("train", held, cluster="rented", node=node, team="vision")
    for node in ("n-1", "n-2", "n-3"):
        ledger.feeds["gpu_capacity"].append(
            {**_spent(0, 24), "cluster": "rented", "node": node, "gpu_hours_capacity": Decimal(24)}
        )


def day_of_25_hours(ledger: Ledger) -> None:
    """A bucket billed by the day in Pacific time, on the day on which clocks are set back there."""
    for hours in (24, 25):
        ledger.charge("8", bucket="autumn", storage_class="standard", storage_measure="bytes",
                      billed_byte_hours=Decimal(100), **_hours(0, hours))  # fmt: skip
    ledger.stored("200", "autumn", dataset="that-day")
    ledger.stored("600", "autumn", dataset="next-day", day=NEXT_DAY)


def billed_by_the_month(ledger: Ledger) -> None:
    """A machine that a GPU cloud bills by the month, what it sent on the first day, and telemetry from then on."""
    month = {"charge_period_start": datetime(2026, 10, 5), "charge_period_end": datetime(2026, 10, 15)}
    ledger.machine("240", "gc-1", "240", cluster="monthly", **month)
    ledger.machine("6", "gc-1", None, cluster="monthly", cost_layer="networking")
    ledger.gpu_hours("train", "60", cluster="monthly", node="gc-1", team="vision", day=NEXT_DAY)
    ledger.gpu_hours("train", "12", cluster="monthly", node="gc-1", team="search")


def bought_as(ledger: Ledger) -> None:
    """A dear machine and a cheap one; telemetry knows which workload is on which by its scheduler's words alone."""
    for capacity_type, cost in (("on_demand", "72"), ("spot", "24")):
        ledger.machine(cost, f"i-{capacity_type}", "24", cluster="bought", capacity_type=capacity_type)
    for workload, words in (("train", ("on-demand", "Regular", "ON_DEMAND")), ("batch", ("SPOT", "preemptible"))):
        for word in words:
            ledger.gpu_hours(workload, "4", cluster="bought", capacity_type=word)


def scale_sets(ledger: Ledger) -> None:
    """Two scale sets of a cluster, one of them without the cluster's tag: telemetry alone knows whose it is."""
    for scale_set, tagged in (("vmss-1", "AKSTrain"), ("vmss-2", None)):
        ledger.machine("24", scale_set, "24", cluster=tagged, sub_account_id="scale-sets")
        ledger.gpu_hours("train", "12", cluster="aksTrain", node_pool=scale_set, team="vision")


def held_and_not_used(ledger: Ledger) -> None:
    """48 GPU-hours: 36 are held and 13 used, by a service, a notebook that nobody touched and a training job."""
    for cluster in ("typed", "shown"):
        ledger.machine("48", f"i-{cluster}", "48", cluster=cluster)
        for workload, kind, requested, used in (
            ("chat", "serving", "12", 3), ("notebook", "notebook", "8", 0), ("pretrain", "training", "16", 10),
        ):  # fmt: skip
            ledger.gpu_hours(workload, requested, cluster=cluster, node=f"i-{cluster}", workload_type=kind,
                             gpu_hours_used=Decimal(used))  # fmt: skip


def gpus_beside_cores(ledger: Ledger) -> None:
    """A machine shared by GPU and CPU workloads: as one line, in lines for its parts, and without compute_hours.

    24 GPU-hours, of which training holds 12. Of 100 core-hours (the bill in parts says 160) training holds 20 and an
    index 80, of 50 GiB-hours 40 and 10.
    """
    ledger.machine("100", "i-shared", "24", cluster="shared")
    ledger.machine("80", "i-parts", "24", cluster="parts")
    for cost, unit, quantity in (("16", "Hours", 160), ("4", "GiB-Hours", 50)):
        ledger.machine(cost, "i-parts", None, cluster="parts", pricing_unit=unit, pricing_quantity=Decimal(quantity))
    ledger.machine("10", "i-unmeasured", "24", cluster="unmeasured")
    for cluster in ("shared", "parts", "unmeasured"):
        ledger.gpu_hours("train", "12", cluster=cluster, node=f"i-{cluster}")
    for cluster in ("shared", "parts"):
        # the cluster's machines without GPUs have cores of their own
        for node, workload, cores, memory in (
            (f"i-{cluster}", "train", 20, 40), (f"i-{cluster}", "index", 80, 10), ("m-cpu", "web", 999, 999),
        ):  # fmt: skip
            ledger._of_day("compute_hours", cluster=cluster, node=node, workload=workload,
                           cpu_core_hours_requested=Decimal(cores),
                           memory_gib_hours_requested=Decimal(memory))  # fmt: skip


def gpus_beside_cores_by_the_hour(ledger: Ledger) -> None:
    """Two hours of a shared machine: both workloads in the first, in the second training alone and no core held.

    Training holds 4 of 8 GPU-hours in each hour; of 100 core-hours in the first it holds 20 and an index 80, of 50
    GiB-hours 40 and 10. The bill in parts says 100 core-hours and 50 GiB-hours for each hour.
    """
    for hour in (9, 10):
        ledger.machine("100", "i-shared-h", "8", cluster="sharedhours", **_hours(hour, hour + 1))
        ledger.machine("80", "i-parts-h", "8", cluster="partshours", **_hours(hour, hour + 1))
        for cost, unit, quantity in (("16", "Hours", 100), ("4", "GiB-Hours", 50)):
            ledger.machine(cost, "i-parts-h", None, cluster="partshours", pricing_unit=unit,
                           pricing_quantity=Decimal(quantity), **_hours(hour, hour + 1))  # fmt: skip
    for cluster, node in (("sharedhours", "i-shared-h"), ("partshours", "i-parts-h")):
        ledger.gpu_hours("train", "8", cluster=cluster, node=node, **_spent(9, 11))
        for workload, cores, memory in (("train", 20, 40), ("index", 80, 10)):
            ledger.feeds["compute_hours"].append(
                {**_spent(9, 10), "cluster": cluster, "node": node, "workload": workload,
                 "cpu_core_hours_requested": Decimal(cores), "memory_gib_hours_requested": Decimal(memory)}
            )  # fmt: skip


def hours(ledger: Ledger) -> None:
    """A machine billed by the hour: full, a quarter full at half the price, and empty; and one billed by the day."""
    for hour, cost in ((9, "8"), (10, "4"), (11, "3")):
        ledger.machine(cost, "i-hour", "8", cluster="hourly", **_hours(hour, hour + 1))
    ledger.gpu_hours("first", "8", cluster="hourly", node="i-hour", **_spent(9, 10))
    ledger.gpu_hours("second", "2", cluster="hourly", node="i-hour", **_spent(10, 11))
    ledger.machine("24", "i-day", "24", cluster="daily")
    ledger.gpu_hours("first", "12", cluster="daily", node="i-day")
    # an endpoint with two tenants, one of them in the first half hour only
    for hour, cost in ((9, "6"), (10, "2")):
        ledger.charge(cost, tags={"app": "by-hour"}, sub_account_id="feeds", **_hours(hour, hour + 1))
    for customer, requests, start, end in (("x", 300, 9, 11), ("y", 50, 9, 9.5)):
        ledger.asked(str(requests), endpoint="by-hour", model_name="m", customer=customer, **_spent(start, end))


def _hours(start: float, end: float) -> dict[str, datetime]:
    return {"charge_period_start": _at(start), "charge_period_end": _at(end)}


def _spent(start: float, end: float) -> dict[str, datetime]:
    return {"usage_start": _at(start), "usage_end": _at(end)}


def _at(hour: float) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day) + timedelta(hours=hour)


def tenants(ledger: Ledger) -> None:
    """Two customers' tokens: 50 read, 50 read from a cache and 10 written by a dear model; 55 and 10 by another."""
    ledger.charge("10", tags={"app": "weighed"}, sub_account_id="feeds")
    ledger.asked_tokens("100", cached_input_tokens=Decimal(50), output_tokens=Decimal(10), model_name="big",
                        endpoint="weighed", customer="x")  # fmt: skip
    ledger.asked_tokens("55", output_tokens=Decimal(10), model_name="small", endpoint="weighed", customer="y")
    # a feed that tells a month in one row, of a model that many use
    ledger.charge("10", tags={"app": "by-the-month"}, sub_account_id="feeds")
    for team, billions in (("search", 217), ("vision", 93)):
        ledger.feeds["tokens"].append(
            {"usage_start": datetime(2026, 10, 1), "usage_end": datetime(2026, 11, 1), "endpoint": "by-the-month",
             "model_name": "big", "team": team, "input_tokens": Decimal(billions * 10**9)}
        )  # fmt: skip


PEAKS: list[dict[str | None, str]] = [
    {"day-shift": "20", "night-shift": "4"},
    {"day-shift": "6", "night-shift": "6"},
    {"night-shift": "12"},
    {"night-shift": "7.5", None: "1"},
]
"""GPU-hours that teams hold of 24 on the days from DAY on; two days have the same demand."""


def peaks(ledger: Ledger) -> None:
    """A cluster with one high day, and a credit over the month that follows no day of its own."""
    for number, held in enumerate(PEAKS):
        day = DAY + timedelta(days=number)
        ledger.machine("100", "i-peaks", "24", cluster="peaks", day=day, billed_cost=Decimal(60))
        for team, hours in held.items():
            ledger.gpu_hours("w", hours, cluster="peaks", node="i-peaks", day=day, team=team)
    ledger.machine("-7", "i-peaks", None, cluster="peaks", charge_category="Credit")


def split_by_the_clouds(ledger: Ledger) -> None:
    """Lines that Google has split over namespaces, and pods that AWS counts beside an instance that is billed whole."""
    for cluster in ("gke", "told"):
        for namespace, cost, owner in (
            ("ranking", "30", {"team": "search"}), ("lab", "10", {"project": "lab"}), ("kube:unallocated", "50", {}),
            ("kube:system-overhead", "5", {}), ("goog-k8s-unknown", "3", {}), (None, "8", {}),
        ):  # fmt: skip
            labels = {"k8s-namespace": namespace, **{f"k8s-label/{key}": value for key, value in owner.items()}}
            ledger.machine(cost, f"{cluster}-1", "8", cluster=cluster, provider="gcp", source_name="gcp-main",
                           tags={key: value for key, value in labels.items() if value}, **owner)  # fmt: skip
        ledger.gpu_hours("train", "48", cluster=cluster, node=f"{cluster}-1", team="vision")
    for cluster, day_of_telemetry in (("eks", None), ("both", DAY)):
        ledger.machine("24", f"i-{cluster}", "24", cluster=cluster)
        for workload, requested, used in (("a", "12", "6"), ("b", "6", None)):
            ledger.split_usage.append(
                {**_spent(0, 24), "cluster": cluster, "node": f"i-{cluster}", "workload": workload,
                 "gpu_hours_requested": Decimal(requested), "gpu_hours_used": used and Decimal(used), "team": workload}
            )  # fmt: skip
        if day_of_telemetry:
            ledger.gpu_hours("told", "24", cluster=cluster, node=f"i-{cluster}", day=day_of_telemetry)
    # a job that began the day before is telemetry of this day, too
    ledger.machine("24", "i-overnight", "24", cluster="overnight")
    ledger.gpu_hours("told", "36", cluster="overnight", node="i-overnight", **_spent(-12, 24))
    ledger.split_usage.append(
        {**_spent(0, 24), "cluster": "overnight", "node": "i-overnight", "workload": "a", "team": "a",
         "gpu_hours_requested": Decimal(12)}
    )  # fmt: skip


def commitments(ledger: Ledger) -> None:
    """A commitment that landed on one of three like machines, and one on a part of the machines of three teams."""
    landed = {"pricing_category": "Committed", "billed_cost": Decimal(0), "contracted_cost": Decimal(30)}
    for node, columns in (("covered", landed), ("bare-1", {}), ("bare-2", {})):
        cost = "9" if columns else "30"
        ledger.machine(cost, f"i-{node}", "24", cluster="committed", gpu_model="L4", region_id="eu-west-1", **columns)
        ledger.gpu_hours("w", "12", cluster="committed", node=f"i-{node}", team=f"of-{node}")
    # another day: nothing is covered, nothing moves
    ledger.machine("30", "i-bare-1", "24", cluster="committed", gpu_model="L4", region_id="eu-west-1", day=NEXT_DAY)
    ledger.gpu_hours("w", "12", cluster="committed", node="i-bare-1", team="of-bare-1", day=NEXT_DAY)
    for team, effective, contracted, category in (
        ("a", "3", "10", "Committed"), ("b", "20", "20", "Standard"), ("c", "30", "30", "Standard"),
        ("spot", "1", "10", "Dynamic"),
    ):  # fmt: skip
        ledger.charge(effective, sub_account_id="fleet", team=team, pricing_category=category,
                      contracted_cost=Decimal(contracted), list_cost=Decimal(contracted))  # fmt: skip


def disks(ledger: Ledger) -> None:
    """A machine that one workload holds for a third, its two disks, and a disk of a machine that is not on the bill."""
    ledger.machine("24", "i-Disk", "24", cluster="disks")
    ledger.gpu_hours("train", "8", cluster="disks", node="i-disk", team="vision")
    for cost, machine in (("6", "I-DISK"), ("3", "i-disk"), ("1", "i-gone")):
        ledger.charge(cost, resource_id=f"vol-{cost}", resource_type="Volume", attached_machine=machine, team="search",
                      service_name="EBS", cost_layer="storage", sub_account_id="disks")  # fmt: skip


def traffic(ledger: Ledger) -> None:
    """A machine that one workload holds for three quarters, what it sent, its address, and a gateway of nobody's."""
    ledger.machine("24", "i-Sender", "24", cluster="traffic")
    ledger.gpu_hours("train", "18", cluster="traffic", node="i-sender", team="vision")
    for cost, unit, resource in (("8", "GB", "i-Sender"), ("4", "Hours", "i-sender"), ("2", "GB", "nat-gateway")):
        ledger.charge(cost, resource_id=resource, attached_machine=resource, service_category="Networking",
                      service_name="Amazon Virtual Private Cloud", cost_layer="networking", pricing_unit=unit,
                      pricing_quantity=Decimal(10), sub_account_id="traffic", team="search")  # fmt: skip


def turn(ledger: Ledger) -> None:
    """The rule for this cluster changes between two days."""
    for day in (DAY, NEXT_DAY):
        ledger.machine("24", "i-turn", "24", cluster="turn", day=day)
        for workload, requested, used in (("first", "12", 6), ("second", "12", 18)):
            ledger.gpu_hours(workload, requested, cluster="turn", node="i-turn", day=day, gpu_hours_used=Decimal(used))


def sandbox(ledger: Ledger) -> None:
    """An account becomes research's from a day on; its tags stay where the rule says nothing."""
    for day in (DAY, NEXT_DAY):
        ledger.charge("5", day=day, sub_account_id="sandbox", team="vision", project="toys")


def feeds(ledger: Ledger) -> None:
    """One pool for each kind of feed that a rule may name."""

    def tagged(cost: str, app: str, **columns: Any) -> None:
        ledger.charge(cost, tags={"user:app": app}, sub_account_id="feeds", **columns)

    ledger.charge("9", model_id="nova", token_direction="Input", sub_account_id="feeds")
    ledger.charge("1", model_id="nova", token_direction="Output", sub_account_id="feeds", team="search")
    ledger.asked_tokens("100", output_tokens=Decimal(50), model_name="Nova", team="search", endpoint="a")
    ledger.asked_tokens("300", model_name="nova", team="vision", endpoint="b")
    tagged("8", "endpoint")
    ledger.asked("10", endpoint="search", model_name="m", team="search", gpu_seconds=Decimal("0.25"))
    ledger.asked("99", endpoint="search", model_name="m", team="vision", gpu_seconds=Decimal("0.75"))
    ledger.asked("99", endpoint="other", model_name="m", team="vision", gpu_seconds=Decimal(7))
    tagged("10", "airflow")
    for day, team, quantity in ((DAY, "search", 1), (date(2026, 10, 19), "vision", 3)):
        ledger.feeds["jobs"].append(
            {"usage_date": day, "service": "Airflow", "quantity": Decimal(quantity), "team": team}
        )
    tagged("10", "vectors-1")
    ledger.feeds["driver"] += [
        {"usage_date": DAY, "pool": "pinecone", "driver": "vectors", "quantity": Decimal(10) ** 15, "project": "a"},
        {"usage_date": DAY, "pool": "pinecone", "driver": "vectors", "quantity": 3 * Decimal(10) ** 15, "project": "b"},
        {"usage_date": DAY, "pool": "pinecone", "driver": "queries", "quantity": Decimal(1), "project": "c"},
    ]
    tagged("10", "seats")
    for team, seats in (("search", 4), ("vision", 1), ("idle", 0)):
        ledger.feeds["business_metric"].append(
            {"usage_date": DAY, "metric": "seats", "entity": f"e-{team}", "quantity": Decimal(seats), "team": team}
        )
    tagged("6", "cores", cluster="web")
    for cluster, team, hours in (("web", "search", 2), ("web", "vision", 4), ("batch", "vision", 9)):
        ledger._of_day("compute_hours", cluster=cluster, workload="w", team=team,
                       cpu_core_hours_requested=Decimal(hours))  # fmt: skip
    tagged("1", "contract")
    tagged("3", "unfed")
    tagged("4", "unfed-owned")


def drivers_that_change(ledger: Ledger) -> None:
    """Both days have both feeds, and each day's cost follows the feed of that day's rule."""
    for day in (DAY, NEXT_DAY):
        for app in ("licences", "broker"):
            ledger.charge("10", day=day, tags={"app": app}, sub_account_id="changing")
            for team, jobs in (("search", 9), ("vision", 1)):
                ledger.feeds["jobs"].append(
                    {"usage_date": day, "service": app, "quantity": Decimal(jobs), "team": team}
                )
        for team, calls in (("search", 3), ("vision", 7)):
            ledger.feeds["api_calls"].append(
                {"usage_date": day, "service": "broker", "quantity": Decimal(calls), "team": team}
            )


def services(ledger: Ledger) -> None:
    """auth: half to the gateway, half to search. gateway: a quarter back to auth, the rest to vision.

    Half of auth's cost leaves to search and half into the gateway; of what the gateway gets a quarter comes back. So of
    auth's cost 4/7 end at search and 3/7 at vision; of the gateway's 1/7 at search and 6/7 at vision.
    """
    for app, cost in (("auth", "7"), ("gateway", "14"), ("ping", "2"), ("pong", "3")):
        ledger.charge(cost, tags={"app": app}, sub_account_id="services")
    for service, quantity, consumer in (
        ("auth", 2, {"workload": "Gateway", "team": "platform"}), ("auth", 2, {"team": "search"}),
        ("gateway", 1, {"workload": "auth"}), ("gateway", 3, {"team": "vision", "project": "dropped"}),
        ("ping", 1, {"workload": "pong"}), ("pong", 5, {"workload": "ping"}),
    ):  # fmt: skip
        ledger.feeds["api_calls"].append(
            {"usage_date": DAY, "service": service, "quantity": Decimal(quantity), **consumer}
        )
    # the auth service also keeps data in a shared bucket
    ledger.charge("7", bucket="state", storage_class="standard", storage_measure="bytes", sub_account_id="services",
                  billed_byte_hours=Decimal(200), service_name="Simple Storage", cost_layer="storage")  # fmt: skip
    ledger.stored("100", "state", workload="auth", team="platform")
    ledger.stored("100", "state", dataset="logs", team="search")


def traffic_of_all(ledger: Ledger) -> None:
    """A gateway by bytes: 19 teams and somebody whom the feed does not name sent 800 GB each."""
    ledger.charge("20", tags={"app": "nat"}, sub_account_id="nat")
    for team in (*(f"team-{number}" for number in range(19)), None):
        ledger.feeds["driver"].append(
            {"usage_date": DAY, "pool": "nat", "driver": "bytes", "quantity": Decimal(800 * 10**9), "team": team,
             "project": "not asked for"}
        )  # fmt: skip


def paid_by_owner(ledger: Ledger) -> None:
    """Tax beside a team's own cost and cost of a missing driver, which the rule's owner pays."""
    ledger.charge("10", team="alpha", sub_account_id="four", billing_currency="GBP")
    ledger.charge("30", tags={"app": "uncounted"}, sub_account_id="four", billing_currency="GBP")
    ledger.charge("4", charge_category="Tax", sub_account_id="four", billing_currency="GBP")


def overhead(ledger: Ledger) -> None:
    """Support follows cost, tax its account's cost, security goes evenly; a credit is nobody's and no weight."""
    ledger.charge("30", team="alpha", sub_account_id="one", billing_currency="EUR")
    ledger.charge("10", team="beta", sub_account_id="one", billing_currency="EUR")
    ledger.charge("60", team="beta", sub_account_id="two", billing_currency="EUR")
    ledger.charge("-500", team="gamma", sub_account_id="two", billing_currency="EUR")
    ledger.charge("-9", charge_category="Credit", sub_account_id="two", billing_currency="EUR")
    ledger.charge("10", service_name="AWS Support (Business)", sub_account_id="two", billing_currency="EUR")
    ledger.charge("4", charge_category="Tax", sub_account_id="one", billing_currency="EUR")
    ledger.charge("3", charge_category="Tax", sub_account_id="three", billing_currency="EUR")
    ledger.charge("1", tags={"app": "security"}, sub_account_id="two", billing_currency="EUR")
    ledger.charge("0", effective_cost=Decimal(20), commitment_discount_id="sp-1", commitment_discount_status="Unused",
                  sub_account_id="two", billing_currency="EUR")  # fmt: skip


def trillions(ledger: Ledger) -> None:
    """Support beside payers of so much that millionths of their cost do not fit 64 bits."""
    for team, cost in (("alpha", "30000000000000"), ("beta", "10000000000000")):
        ledger.charge(cost, team=team, sub_account_id="large", billing_currency="KRW")
    ledger.charge("4", service_name="AWS Support (Business)", sub_account_id="large", billing_currency="KRW")
