"""A bill on which every kind of allocation rule is at work, each on charges of its own; one bill, so dbt runs once.

What comes out is said in test_allocation_rules.py.
"""

from datetime import date, timedelta
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
  - {{name: mixed, pool: gpu_cluster, select: {{x_Cluster: mixed}}, driver: gpu_hours, idle: spread}}
  - {{name: before, pool: gpu_cluster, select: {{x_Cluster: turn}}, driver: gpu_hours, to: {NEXT_DAY}}}
  - {{name: after, pool: gpu_cluster, select: {{x_Cluster: turn}}, driver: gpu_hours, basis: used, from: {NEXT_DAY}}}
  - {{name: clusters, pool: gpu_cluster, driver: gpu_hours, missing: owner, owner: {{team: platform}}}}
  - {{name: buckets, pool: bucket, driver: storage_bytes}}
  # whose a charge is, whatever its tags say
  - {{name: sandbox, select: {{SubAccountId: sandbox}}, driver: direct, owner: {{team: research}}, from: {NEXT_DAY}}}
  # feeds
  - {{name: models, select: {{x_ModelId: {{exists: true}}, x_Team: {{exists: false}}}}, driver: tokens,
     by: {{model_name: x_ModelId}}, consumers: [team]}}
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
  # shared services: auth and gateway use one another; two use only each other
  - {{name: auth, tags: {{app: auth}}, driver: api_calls, of: {{service: auth}}, service: auth, consumers: [team]}}
  - {{name: gateway, tags: {{app: gateway}}, driver: api_calls, of: {{service: gateway}}, service: gateway,
     consumers: [team]}}
  - {{name: ping, tags: {{app: ping}}, driver: api_calls, of: {{service: ping}}, service: ping}}
  - {{name: pong, tags: {{app: pong}}, driver: api_calls, of: {{service: pong}}, service: pong}}
  # overhead
  - {{name: support, select: {{ServiceName: {{contains: Support}}}}, driver: cost}}
  - {{name: tax, select: {{ChargeCategory: Tax}}, driver: cost, within: [SubAccountId]}}
  - {{name: security, tags: {{app: security}}, driver: even}}
  - {{name: unused, select: {{CommitmentDiscountStatus: Unused}}, driver: cost}}
  - {{name: owners, pool: owner, driver: direct}}
"""


def fill(ledger: Ledger) -> Ledger:
    """Every case of this file."""
    for case in (clusters, two_models_on_a_node, turn, sandbox, feeds, services, overhead):
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
