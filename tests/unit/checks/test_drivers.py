"""Drivers that do not fit the bill are told with the place, the days and the money."""

import duckdb
import pytest

from finops_pipeline.checks.drivers import gpu_hours_fit_capacity, pools_have_their_driver, usage_cost_is_classified


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table int_gpu_hours_without_capacity (
                driver_window varchar, cluster varchar, place varchar, reason varchar,
                held_gpu_hours decimal(38, 18), capacity_gpu_hours decimal(38, 18)
            )
            """
        )
        connection.execute(
            """
            create table fct_cost_allocations (
                source_name varchar, cluster varchar, bucket varchar, rule varchar, pool_id varchar, driver varchar,
                method varchar, is_unallocated boolean,
                billing_currency varchar, charge_date date, charge_category varchar, service_name varchar,
                cost_layer varchar, allocated_effective_cost decimal(38, 18)
            )
            """
        )
        yield connection


def add_cost(warehouse, cost, **facts):
    row = {
        "source_name": "aws-payer",
        "method": "gpu_hours",
        "is_unallocated": facts.get("method") == "missing_driver",
        "billing_currency": "USD",
        "charge_date": "2026-10-01",
        "charge_category": "Usage",
        "service_name": "EC2",
        "cost_layer": "compute",
        "allocated_effective_cost": cost,
        **facts,
    }
    warehouse.execute(
        f"insert into fct_cost_allocations ({', '.join(row)}) values ({', '.join('?' * len(row))})", list(row.values())
    )


def test_gpu_hours_above_capacity_are_told_by_place_and_counted_by_day_only(warehouse):
    warehouse.execute(
        """
        insert into int_gpu_hours_without_capacity values
            ('2026-10-01', 'train', 'train/node-1', 'more GPU-hours held than the bill paid for', 200, 192),
            ('2026-10-02', 'train', 'train/node-1', 'more GPU-hours held than the bill paid for', 200, 192),
            ('2026-10', 'train', 'train/node-1', 'more GPU-hours held than the bill paid for', 400, 384)
        """
    )
    offender = gpu_hours_fit_capacity(warehouse).offenders[0]
    assert offender.subject == "train/node-1"
    assert offender.observed.startswith("400.00 GPU-hours held")
    assert "2 days from 2026-10-01" in offender.observed
    assert offender.expected == "at most 384.00"


def test_telemetry_that_fits_passes(warehouse):
    assert gpu_hours_fit_capacity(warehouse).passed


def test_pool_without_its_driver_is_told_with_days_and_money(warehouse):
    add_cost(warehouse, 100, method="missing_driver", cluster="train", driver="gpu_hours")
    add_cost(warehouse, 50, method="missing_driver", cluster="train", driver="gpu_hours", charge_date="2026-10-02")
    add_cost(warehouse, 70)
    outcome = pools_have_their_driver(warehouse)
    assert [offender.subject for offender in outcome.offenders] == ["aws-payer train"]
    assert "2 days (2026-10-01 to 2026-10-02), 150.00 USD unallocated" in outcome.offenders[0].observed


def test_a_pool_without_its_driver_that_somebody_pays_for_is_not_called_unallocated(warehouse):
    add_cost(warehouse, 100, method="missing_driver", cluster="train", driver="gpu_hours", is_unallocated=False)
    [offender] = pools_have_their_driver(warehouse).offenders
    assert offender.observed.endswith("100.00 USD, of which the rule's owner pays 100.00")


def test_share_of_unclassified_usage_is_told_by_source_and_service(warehouse):
    add_cost(warehouse, 97)
    add_cost(warehouse, 3, cost_layer="other", service_name="Quantum")
    add_cost(warehouse, 100, source_name="gcp-main")
    outcome = usage_cost_is_classified(warehouse)
    assert [offender.subject for offender in outcome.offenders] == ["aws-payer USD"]
    assert "Quantum" in outcome.offenders[0].observed


def test_small_unclassified_share_passes_and_is_still_told(warehouse):
    add_cost(warehouse, 99)
    add_cost(warehouse, 1, cost_layer="other")
    outcome = usage_cost_is_classified(warehouse)
    assert outcome.passed
    assert outcome.observed == "unclassified usage cost: 1.0% of aws-payer"
