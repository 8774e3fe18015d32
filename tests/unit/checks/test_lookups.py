"""What no lookup knows is told by lookup, source and money, with the dearest meters first."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from finops_pipeline.checks.lookups import lookups_know_what_is_billed

KNOWN: dict[str, Any] = {
    "source_name": "aws-payer",
    "billing_period": "2026-10",
    "billing_currency": "USD",
    "charge_category": "Usage",
    "charge_frequency": "Usage-Based",
    "charge_origin": "delivered",
    "commitment_discount_status": None,
    "service_name": "Amazon Bedrock",
    "service_subcategory": "Generative AI",
    "sku_meter": "Claude-input-tokens",
    "pricing_unit": "1000 Tokens",
    "consumed_unit": "Tokens",
    "token_direction": "Input",
    "model_id": "claude",
    "gpu_model": None,
    "bucket": None,
    "storage_measure": None,
}
MACHINE = {
    "service_subcategory": "Virtual Machines",
    "pricing_unit": "Hours",
    "consumed_unit": "Hours",
    "token_direction": None,
    "model_id": None,
}


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} varchar" for name in KNOWN)
        connection.execute(f"create table int_charges_attributed_to_owners ({columns}, effective_cost decimal(38, 18))")
        connection.execute("create table pricing_units as select unnest(['1000 Tokens', 'Hours']) as pricing_unit")
        yield connection


def _add(warehouse: duckdb.DuckDBPyConnection, cost: int, **columns: Any) -> None:
    row = {**KNOWN, **columns}
    warehouse.execute(
        f"insert into int_charges_attributed_to_owners values ({', '.join('?' for _ in row)}, ?)",
        [*row.values(), Decimal(cost)],
    )


def test_a_new_model_is_told_though_it_is_little_beside_years_and_an_old_one_no_more(warehouse):
    for month in range(1, 10):
        _add(warehouse, 900, billing_period=f"2026-{month:02}")
    _add(warehouse, 500, billing_period="2026-01", sku_meter="Quagga-tokens", model_id=None)
    _add(warehouse, 90, billing_period="2026-10")
    _add(warehouse, 30, billing_period="2026-10", sku_meter="Okapi-tokens", model_id=None)
    [offender] = lookups_know_what_is_billed(warehouse).offenders
    assert "30 of 1020 unclassified: Okapi-tokens" in offender.observed


def test_a_model_nobody_has_listed_is_told_with_its_money(warehouse):
    _add(warehouse, 90)
    _add(warehouse, 4, sku_meter="Zebra-input-tokens", model_id="unclassified")
    _add(warehouse, 6, sku_meter="Okapi-tokens", model_id=None, token_direction=None)
    outcome = lookups_know_what_is_billed(warehouse)
    [offender] = outcome.offenders
    assert offender.subject == "AI model aws-payer USD"
    assert offender.observed == "10 of 100 unclassified: Okapi-tokens, Zebra-input-tokens"
    assert "ai_models" in offender.expected
    assert outcome.observed == "unknown share of cost: 10.0% of AI models in aws-payer"


@pytest.mark.parametrize("meter", ["USE1-BoxUsage:p7en.48xlarge", "USE1-ml.p9 GPU hours", "Nvidia B200 GPU in Iowa"])
def test_a_machine_that_looks_like_one_with_gpus_is_told(warehouse, meter):
    _add(warehouse, 1, **MACHINE | {"sku_meter": meter.replace("p7en", "p5en")})
    assert [o.subject for o in lookups_know_what_is_billed(warehouse).offenders] == ["GPU aws-payer USD"]


def test_a_known_gpu_and_a_machine_without_one_pass(warehouse):
    _add(warehouse, 1, **MACHINE | {"sku_meter": "USE1-BoxUsage:p5.48xlarge", "gpu_model": "H100"})
    _add(warehouse, 1, **MACHINE | {"sku_meter": "USE1-BoxUsage:m7i.xlarge"})
    outcome = lookups_know_what_is_billed(warehouse)
    assert outcome.passed
    assert outcome.observed == "unknown share of cost: none"


def test_a_unit_and_a_storage_meter_that_no_seed_knows_are_told(warehouse):
    _add(warehouse, 1, **MACHINE | {"pricing_unit": "Fortnights", "sku_meter": "a"})
    _add(warehouse, 1, **MACHINE | {"bucket": "lake", "sku_meter": "TimedStorage-New"})
    told = [offender.subject for offender in lookups_know_what_is_billed(warehouse).offenders]
    assert told == ["storage class aws-payer USD", "pricing unit aws-payer USD"]


def test_little_that_is_unknown_passes_and_is_still_told(warehouse):
    _add(warehouse, 99)
    _add(warehouse, 1, model_id="unclassified")
    _add(warehouse, 50, model_id="unclassified", commitment_discount_status="Unused")
    outcome = lookups_know_what_is_billed(warehouse)
    assert outcome.passed
    assert outcome.observed == "unknown share of cost: 1.0% of AI models in aws-payer"
