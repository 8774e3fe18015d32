"""Lines of clouds that split machines themselves, from the delivered rows to the ledger: nothing is billed twice."""

from decimal import Decimal
from typing import Any

import pytest
from landing_zone import LandingZone

POD = "arn:aws:eks:us-east-1:111122223333:pod/train/ranking/serve-7d9f/0f0e"


def _aws_line(operation: str, usage_type: str, resource: str, **columns: Any) -> dict[str, Any]:
    return {
        "bill_payer_account_id": "111122223333",
        "bill_billing_period_start_date": "2026-10-01T00:00:00Z",
        "bill_billing_period_end_date": "2026-11-01T00:00:00Z",
        "line_item_usage_account_id": "111122223333",
        "line_item_currency_code": "USD",
        "line_item_line_item_type": "Usage",
        "line_item_product_code": "AmazonEC2",
        "line_item_operation": operation,
        "line_item_usage_type": usage_type,
        "line_item_resource_id": resource,
        "line_item_usage_start_date": "2026-10-05T00:00:00Z",
        "line_item_usage_end_date": "2026-10-06T00:00:00Z",
        "product_region_code": "us-east-1",
        **columns,
    }


def _pod_line(usage_type: str, reserved: float, used: float) -> dict[str, Any]:
    return _aws_line(
        "EKSPod-EC2",
        usage_type,
        POD,
        line_item_usage_amount=reserved,
        # AWS documents no 0 here; whatever stands in the line, the instance's own line is the cost
        line_item_unblended_cost=999.5,
        split_line_item_parent_resource_id="i-0a",
        split_line_item_reserved_usage=reserved,
        split_line_item_actual_usage=used,
        split_line_item_split_cost=12.5,
        split_line_item_unused_cost=37.5,
        resource_tags={"user_team": "search", "aws:eks:cluster-name": "train", "aws:eks:workload-name": "serve"},
    )


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> LandingZone:
    """An instance of eight GPUs with one pod and a disk, in the wire format of split cost allocation."""
    zone = LandingZone(tmp_path_factory.mktemp("split"))
    instance = _aws_line(
        "RunInstances",
        "BoxUsage:p4d.24xlarge",
        "i-0a",
        line_item_usage_amount=24.0,
        line_item_unblended_cost=100.25,
        pricing_unit="Hrs",
        product_instance_type="p4d.24xlarge",
        resource_tags={"aws:eks:cluster-name": "train"},
    )
    pods = [
        _pod_line("USE1-EKS-EC2-Accelerator-Hours", 48.0, 24.0),
        _pod_line("USE1-EKS-EC2-vCPU-Hours", 96.0, 40.0),
        _pod_line("USE1-EKS-EC2-GB-Hours", 960.0, 100.0),
    ]
    disk = _aws_line(
        "CreateVolume-Gp3",
        "EBS:VolumeUsage.gp3",
        "vol-0b",
        line_item_usage_amount=10.0,
        line_item_unblended_cost=8.0,
        pricing_unit="GB-Mo",
        product_product_family="Storage",
        resource_tags={"user_attached_instance": "i-0a"},
    )
    sent = {
        "product_product_family": "Data Transfer",
        "product_servicecode": "AWSDataTransfer",
        "line_item_usage_amount": 100.0,
        "pricing_unit": "GB",
    }
    traffic = [
        _aws_line("RunInstances", "DataTransfer-Out-Bytes", "i-0a", line_item_unblended_cost=9.0, **sent),
        _aws_line("InterZone-In", "DataTransfer-Regional-Bytes", "i-0a", line_item_unblended_cost=3.0, **sent),
        _aws_line(
            "NatGateway",
            "NatGateway-Bytes",
            "arn:aws:ec2:us-east-1:111122223333:natgateway/nat-0c",
            line_item_unblended_cost=5.0,
            resource_tags={"user_team": "network"},
            **sent,
        ),
    ]
    zone.land("aws_cur2", "payer", [instance, *pods, disk, *traffic])
    zone.build("fct_cost_allocations")
    return zone


def test_split_rows_are_in_no_total_and_no_charge(zone: LandingZone) -> None:
    raw = zone.query("select cost_basis, raw_cost from stg_delivery_totals order by 1")
    assert [(row["cost_basis"], row["raw_cost"]) for row in raw] == [
        ("billed", Decimal("125.25")),
        ("effective", Decimal("125.25")),
    ]
    charges = zone.query("select resource_id, billed_cost, effective_cost from int_charges_attributed_to_owners")
    assert sorted(tuple(charge.values()) for charge in charges) == [
        ("arn:aws:ec2:us-east-1:111122223333:natgateway/nat-0c", Decimal(5), Decimal(5)),
        ("i-0a", Decimal(3), Decimal(3)),
        ("i-0a", Decimal(9), Decimal(9)),
        ("i-0a", Decimal("100.25"), Decimal("100.25")),
        ("vol-0b", Decimal(8), Decimal(8)),
    ]


def test_a_pods_hours_its_owner_and_its_machine_are_read_from_its_split_rows(zone: LandingZone) -> None:
    columns = "cluster, node, workload, team, gpu_hours_requested, gpu_hours_used, cpu_core_hours_requested"
    rows = zone.query(f"select {columns}, memory_gib_hours_requested from int_aws__split_usage order by all")
    place = {"cluster": "train", "node": "i-0a", "workload": "serve", "team": "search"}
    nothing = dict.fromkeys(
        ("gpu_hours_requested", "gpu_hours_used", "cpu_core_hours_requested", "memory_gib_hours_requested")
    )
    assert rows == [
        {**place, **nothing, "gpu_hours_requested": Decimal(48), "gpu_hours_used": Decimal(24)},
        {**place, **nothing, "cpu_core_hours_requested": Decimal(96)},
        {**place, **nothing, "memory_gib_hours_requested": Decimal(960)},
    ]


def test_the_instance_and_its_disk_are_split_by_its_pods_and_the_rest_is_idle(zone: LandingZone) -> None:
    rows = zone.query("""
        select team, workload, idle_type, driver_quantity, driver_total, sum(allocated_billed_cost) as cost
        from fct_cost_allocations where service_category <> 'Networking' group by all order by team nulls last
    """)
    assert [tuple(row.values()) for row in rows] == [
        ("search", "serve", None, 48, 192, Decimal("27.0625")),
        (None, None, "unallocated_capacity", 144, 192, Decimal("81.1875")),
    ]


def test_what_the_instance_sent_follows_its_pods_and_a_gateways_traffic_its_tag(zone: LandingZone) -> None:
    rows = zone.query("""
        select method, team, workload, idle_type, sum(allocated_billed_cost) as cost
        from fct_cost_allocations where service_category = 'Networking' group by all order by team nulls last
    """)
    assert [tuple(row.values()) for row in rows] == [
        ("owner_tag", "network", None, None, Decimal(5)),
        ("gpu_hours", "search", "serve", None, Decimal(3)),
        ("gpu_hours", None, None, "unallocated_capacity", Decimal(9)),
    ]
