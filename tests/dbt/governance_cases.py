"""The budgets, tags and wasted things that tests of governance are about; teams and resources of their own in the bill
of ledger_cases. What comes out is said in test_governance.py.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger_fixture import Ledger

from finops_pipeline.side_files.budgets import Budgets
from finops_pipeline.side_files.invoices import Invoices
from finops_pipeline.side_files.tag_policy import TagPolicy

FIRST_DAY, LAST_DAY = date(2026, 8, 26), date(2026, 10, 24)
"""The newest day is always taken for half delivered: budgets are judged as of the one before."""

_STEADY: dict[str, Any] = {"owner": "s", "currency": "USD", "cost": {"team": ["steady"]}}
BUDGETS = Budgets.model_validate(
    {
        "budgets": (
            {**_STEADY, "name": "enough", "period": "month", "amount": "310"},
            {**_STEADY, "name": "short", "period": "month", "amount": "300"},
            {**_STEADY, "name": "spent", "period": "month", "amount": "200", "from": "2026-10"},
            {**_STEADY, "name": "half", "period": "month", "amount": "400", "warn_at": {"actual": [50, 60]}},
            {**_STEADY, "name": "quarter", "period": "quarter", "amount": "920"},
            {**_STEADY, "name": "fees", "period": "quarter", "amount": "500", "cost": {"team": ["subscriber"]}},
            {**_STEADY, "name": "year", "period": "year", "amount": "5000"},
            {**_STEADY, "name": "fresh", "period": "month", "amount": "100", "cost": {"team": ["fresh"]}},
            {**_STEADY, "name": "nobody", "period": "month", "amount": "100", "cost": {"team": ["nobody"]}},
            {**_STEADY, "name": "euros", "period": "month", "amount": "100", "cost": {"team": ["euros"]}},
            {**_STEADY, "name": "in-euros", "period": "month", "amount": "100", "currency": "EUR",
             "cost": {"team": ["euros"]}},
            {"name": "tagged", "owner": "s", "currency": "USD", "period": "month", "amount": "1000",
             "tag": {"key": "Boundary", "values": ["ai"]}},
            {**_STEADY, "name": "part", "period": "month", "amount": None, "share": {"of": "total", "percent": "50"}},
        )
    }
)  # fmt: skip

POLICY = TagPolicy.model_validate(
    {
        "coverage_floor_percent": 50,
        "keys": (
            {"key": "team", "values": ["alpha", "beta"], "owner": "finops"},
            {"key": "stage", "max_values": 2},
            {"key": "boundary", "required": False},
            {"key": "business_unit", "required": False, "max_values": 2},
        ),
    }
)


_INVOICED = {"source": "gcp", "period": "2026-10", "currency": "USD"}
INVOICES = Invoices.model_validate(
    {"invoices": ({**_INVOICED, "id": "G-2", "total": "60"}, {**_INVOICED, "id": "G-1", "total": "40.5"})}
)
"""Two invoices of the provider of `tagging`, which bills 100."""


def govern(ledger: Ledger) -> Ledger:
    """All cases of this file."""
    ledger.budgets, ledger.tag_policy, ledger.invoices = BUDGETS, POLICY, INVOICES
    for case in (spending, tagging, free_text, left_running, bought_too_dear):
        case(ledger)
    return ledger


def spending(ledger: Ledger) -> None:
    """10 a day for two months; a team with a monthly fee, a new one, one that pays in euros without a known rate."""
    day = FIRST_DAY
    while day <= LAST_DAY:
        ledger.charge("10", day=day, team="steady", service_name="Steady", tags={"user:boundary": "ai"})
        ledger.charge("63" if day.day == 1 else "3", day=day, team="subscriber", service_name="Fees")
        if day >= date(2026, 10, 15):
            ledger.charge("4", day=day, team="fresh", service_name="Fresh", tags={"boundary": "other"})
            ledger.charge("3", day=day, team="euros", service_name="Euros", billing_currency="EUR")
        day += timedelta(days=1)
    # what is free in dollars leaves nothing out of a budget in euros
    ledger.charge("0", day=date(2026, 10, 20), team="euros", service_name="Euros")


def tagging(ledger: Ledger) -> None:
    """One day of a provider of its own: 10 with every tag, 20 with a wrong value, 35 without, 35 that has no tags."""
    day = date(2026, 10, 11)
    google = {"source_name": "gcp", "provider": "gcp", "service_name": "Tagging"}

    def billed(cost: str, tags: dict[str, str] | None, **columns: Any) -> None:
        ledger.charge(cost, day=day, tags=tags, resource_id=f"r-{cost}", **google, **columns)

    billed("10", {"squad": "alpha", "stage": "a"}, team="alpha")
    billed("20", {"user:Team": "gamma", "stage": "b"}, team="gamma")
    billed("30", {"stage": "c"})
    billed("5", None)
    billed("7", {"team": "alpha"}, team="alpha", charge_category="Tax")
    billed("8", {"team": "alpha"}, team="alpha", commitment_discount_status="Unused")
    ledger.charge("20", day=day, tags={}, **google)


def free_text(ledger: Ledger) -> None:
    """Two business units, and two names of experiments where a third would stand."""
    for unit, cost in (("ads", "3"), ("shop", "4"), ("try-17 lr=3e-4", "1"), ("try-18", "2")):
        ledger.charge(cost, service_name="Free text", business_unit=unit, team="typist")
    ledger.charge("1", service_name="Free text", business_unit="shop", team="typist", billing_currency="EUR")


def left_running(ledger: Ledger) -> None:
    """Two notebooks, an endpoint, a disk, an address, a reservation and a stopped instance."""

    def paid(name: str, cost: str, day: date, meter: str, **columns: Any) -> None:
        ledger.charge(cost, day=day, team="wasteful", service_name="Waste", resource_id=f"arn:{name}",
                      resource_name=name, sku_meter=meter, **columns)  # fmt: skip

    for offset in range(8):
        day = date(2026, 10, 1) + timedelta(days=offset)
        hours: dict[str, Any] = {"consumed_unit": "Hours", "capacity_type": "on_demand"}
        paid("forgotten", "24", day, "USE1-Notebk:ml.g5", consumed_quantity=Decimal(24), **hours)
        # six days and nights, a night's rest, and on again
        paid("busy", "24", day, "USE1-Notebk:ml.g5", consumed_quantity=Decimal(9 if offset == 6 else 24), **hours)
    for day, requests in ((date(2026, 10, 1), 5), (date(2026, 10, 2), 0)):
        start = datetime(day.year, day.month, day.day)
        for endpoint in ("chat-endpoint", "another"):
            paid(endpoint, "12", day, "USE1-Host:ml.g5.xlarge")
            ledger.feeds["inference"].append(
                {"usage_start": start, "usage_end": start + timedelta(days=1), "model_name": "m", "endpoint": endpoint,
                 "requests": Decimal(7 if endpoint == "another" else requests), "team": "wasteful"}
            )  # fmt: skip
    # the feed never speaks of this one
    paid("unknown-endpoint", "12", date(2026, 10, 2), "USE1-Host:ml.g5.xlarge")
    disk = {"service_subcategory": "Block Storage", "sub_account_id": "disks", "region_id": "eu-1"}
    paid("vol-1", "2", date(2026, 10, 1), "EBS:VolumeUsage.gp3", **disk)
    paid("vol-1", "2", date(2026, 10, 2), "EBS:VolumeUsage.gp3", **disk)
    paid("i-disk", "1", date(2026, 10, 1), "BoxUsage:m5", sub_account_id="disks", region_id="eu-1",
         service_subcategory="Virtual Machines", capacity_type="on_demand")  # fmt: skip
    paid("ip-1", "0.12", date(2026, 10, 1), "USE1-PublicIPv4:IdleAddress")
    paid("cr-1", "5", date(2026, 10, 1), "UnusedBox:p5", capacity_reservation_status="Unused")
    paid("db-1", "6", date(2026, 10, 1), "InstanceUsage", capacity_type="on_demand")
    paid("db-1", "1", date(2026, 10, 2), "StorageUsage")


def bought_too_dear(ledger: Ledger) -> None:
    """A sweep runs on spot machines at 1 an hour and, one day, on demand at 4, and at a cloud without spot machines."""
    ledger.machine("20", "sweep-1", "20", cluster="sweeps", gpu_model="L40", capacity_type="spot")
    ledger.gpu_hours("sweep", "20", cluster="sweeps", node="sweep-1", team="tuner")
    ledger.machine("40", "sweep-2", "10", cluster="sweeps-on-demand", gpu_model="L40")
    ledger.gpu_hours("sweep", "5", cluster="sweeps-on-demand", node="sweep-2", team="tuner")
    ledger.gpu_hours("serve", "3", cluster="sweeps-on-demand", node="sweep-2", team="tuner")
    ledger.machine(
        "8", "sweep-3", "4", cluster="sweeps-elsewhere", gpu_model="L40", provider="other", source_name="gpu-cloud"
    )
    ledger.gpu_hours("sweep", "4", cluster="sweeps-elsewhere", node="sweep-3", team="tuner")
    # another team has a workload of the same name, which never ran on spot
    ledger.machine("4", "sweep-4", "1", cluster="sweeps-of-others", gpu_model="L40")
    ledger.gpu_hours("sweep", "1", cluster="sweeps-of-others", node="sweep-4", team="namesake")
