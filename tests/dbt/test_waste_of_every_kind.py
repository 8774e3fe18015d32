"""One bill in which something is wasted in every way that fct_waste knows: rule, evidence, owner and monthly amount."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from governance_cases import bought_too_dear, left_running
from ledger_fixture import DAY, LEDGER_ALONE, Built, Ledger
from random_ledger import written

from finops_pipeline.checks.waste import waste_is_part_of_the_ledger
from finops_pipeline.settings import DBT_PROJECT_DIR
from finops_pipeline.side_files.datasets import DatasetCatalog

RULES = [
    {"name": "measured", "pool": "gpu_cluster", "select": {"x_Cluster": {"in": ["measured"]}}, "driver": "gpu_hours",
     "basis": "used"},
    {"name": "gpu", "pool": "gpu_cluster", "driver": "gpu_hours"},
    {"name": "buckets", "pool": "bucket", "driver": "storage_bytes"},
    {"name": "owners", "pool": "owner", "driver": "direct"},
]  # fmt: skip
MODELS = (
    "int_resource_days",
    "int_allocations_classified_by_use",
    "int_places_without_driver",
    "int_storage_costs_by_dataset",
    "fct_storage_unit_costs",
    "fct_waste",
)
TIB_MONTH = Decimal(2**40 * 744)


@pytest.fixture(scope="module")
def wasteful(ledgers: Path) -> Built:
    """What was left running or bought too dear, and what is idle, unused or older than it may be."""
    ledger = Ledger(ledgers / "waste", rules=written(RULES, ledgers / "waste.yaml"))
    ledger.datasets = DatasetCatalog.model_validate({"datasets": ({"dataset": "crawl", "retention_days": 7},)})
    for case in (left_running, bought_too_dear, held_and_not_used, bought_ahead, kept_too_long):
        case(ledger)
    return ledger.build(selected=(*MODELS, *LEDGER_ALONE))


def held_and_not_used(ledger: Ledger) -> None:
    """48 hours at 1 of a machine that the platform team keeps: 20 used, 23 held and not used, 5 that nobody held."""
    ledger.machine("48", "m-1", "48", cluster="measured", team="platform")
    for workload, kind, held, used in (
        ("chat", "serving", "19", "10"),
        ("notebook", "notebook", "8", "0"),
        ("pretrain", "training", "16", "10"),
    ):
        ledger.gpu_hours(workload, held, cluster="measured", node="m-1", team="search", workload_type=kind,
                         gpu_hours_used=Decimal(used))  # fmt: skip


def bought_ahead(ledger: Ledger) -> None:
    """A savings plan of which 9 went unused; the reservation of left_running had machine hours on the day before."""
    ledger.charge("0", effective_cost=Decimal(9), commitment_discount_id="sp-1", commitment_discount_status="Unused",
                  team="platform")  # fmt: skip
    ledger.charge("7", day=date(2026, 9, 30), team="wasteful", service_name="Waste", resource_id="arn:cr-1",
                  resource_name="cr-1", sku_meter="BoxUsage:p5", capacity_type="on_demand")  # fmt: skip


def kept_too_long(ledger: Ledger) -> None:
    """A dataset that may stay for a week and doubles in it: half of it is too old then."""
    for day, tibs in ((DAY, 1), (DAY + timedelta(7), 2)):
        ledger.charge(str(10 * tibs), day=day, bucket="lake", storage_measure="bytes", storage_class="standard",
                      billed_byte_hours=TIB_MONTH * tibs, cost_layer="storage")  # fmt: skip
        ledger.stored(str(TIB_MONTH * tibs), day=day, dataset="crawl", team="data", storage_class="standard")


_PAID = "48.0 GPU-hours paid for were held"
_SPOT = "a GPU-hour on demand; the same workload runs on spot machines of this GPU from 2026-10-05"
FOUND = [
    # kind, subject, who answers, evidence, days, cost, avoidable in the month
    ("dataset_past_retention", "crawl", "data", "at most 50.0 % of its bytes are older than 7 days", 1, 10, 10),
    ("disk_without_machine", "vol-1", "wasteful",
     "EBS:VolumeUsage.gp3 was billed, and no machine on this day in account disks, region eu-1", 1, 2, 2),
    ("endpoint_without_requests", "chat-endpoint", "wasteful",
     "the inference feed has no request of it on this day, and 7 of others", 1, 12, 12),
    ("held_idle", "measured h100 on_demand", "platform",
     f"8.0 of {_PAID} by workloads that used nothing (rule measured)", 1, 8, 8),
    ("idle_address", "ip-1", "wasteful",
     "its meter is that of an address nothing uses: USE1-PublicIPv4:IdleAddress", 1, Decimal("0.12"), Decimal("0.12")),
    ("notebook_never_stopped", "forgotten", "wasteful", "billed around the clock on 8 days in a row", 8, 192, 192),
    # a cloud without spot machines of the company: what one would have cost is not known
    ("on_demand_ran_on_spot", "sweep", "tuner", f"2.0000 USD {_SPOT}", 1, 8, None),
    ("on_demand_ran_on_spot", "sweep", "tuner", f"4.0000 USD {_SPOT}, at 1.0000", 1, 20, 15),
    ("over_requested", "measured h100 on_demand", "platform",
     f"6.0 of {_PAID} beyond what was used (rule measured)", 1, 6, 6),
    ("stopped_but_billed", "db-1", "wasteful",
     "machine hours were billed from 2026-10-01, none on this day, but StorageUsage", 1, 1, 1),
    ("unallocated_capacity", "measured h100 on_demand", "platform",
     f"5.0 of {_PAID} by nobody (rule measured)", 1, 5, 5),
    ("unallocated_capacity", "sweeps-on-demand l40 on_demand", None,
     "2.0 of 10.0 GPU-hours paid for were held by nobody (rule gpu)", 1, 8, 8),
    ("unused_commitment", "sp-1", "platform", "the bill lists 9.00 USD of this day's fee as unused", 1, 9, 9),
    ("unused_reservation", "cr-1", "wasteful", "the bill calls this reserved capacity unused: UnusedBox:p5", 1, 5, 5),
    ("warm_serving", "measured h100 on_demand", "platform",
     f"9.0 of {_PAID} by serving workloads and not used (rule measured)", 1, 9, 9),
]  # fmt: skip


def test_every_kind_is_told_with_its_evidence_its_owner_and_what_it_cost_in_the_month(wasteful: Built) -> None:
    # a share has so many digits, which the ledger shows: eight of 48 hours at 1 are 7.999999999999968
    told = wasteful.rows(
        """select waste_kind, subject, team, max(evidence), count(distinct charge_date), round(sum(effective_cost), 9),
            round(max(month_avoidable_cost), 9)
        from fct_waste group by waste_kind, subject, team, finding_id order by all"""
    )
    assert told == FOUND


def test_the_kinds_are_those_that_the_mart_documents(wasteful: Built) -> None:
    described = DBT_PROJECT_DIR / "models" / "marts" / "governance" / "_fct_waste__model.yml"
    [model] = yaml.safe_load(described.read_text())["models"]
    [column] = [column for column in model["columns"] if column["name"] == "waste_kind"]
    [test] = column["data_tests"]
    kinds = test["accepted_values"]["arguments"]["values"]
    assert {kind for kind, *_ in FOUND} == set(kinds)


def test_each_part_is_wasted_once_and_within_the_ledger(wasteful: Built) -> None:
    with wasteful.connect() as warehouse:
        assert waste_is_part_of_the_ledger(warehouse).passed
    # cr-1 is a reservation that nobody used and a machine that stopped
    assert (
        wasteful.rows(
            """select resource_id, charge_date, count(distinct waste_kind) from fct_waste where resource_id is not null
        group by all having count(*) > 1"""
        )
        == []
    )
    [(wasted, ledger)] = wasteful.rows(
        """select
            (select round(sum(effective_cost), 9) from fct_waste),
            (select sum(allocated_effective_cost) from fct_cost_allocations
            where allocation_id in (select allocation_id from fct_waste))"""
    )
    assert wasted == sum(cost for *_, cost, _ in FOUND)
    assert wasted < ledger
