"""The bill with shared charges replaced by their parts, in the columns FOCUS has for split costs since 1.3."""

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import jsonschema

from tests.conftest import Company

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def test_a_plain_sum_is_the_bill_of_every_day_and_account(published_company: Company):
    key = "x_SourceName, SubAccountId, BillingCurrency, ChargePeriodStart::date, ChargeCategory, ServiceName, RegionId"
    sums = ", ".join(f"sum({cost})" for cost in COSTS)
    bill = published_company.query(f"select {key}, {sums} from focus_cost_and_usage group by all order by all")
    assert len(bill) > 1000
    assert published_company.query(f"select {key}, {sums} from focus_allocated group by all order by all") == bill


def test_the_ratios_of_every_split_pool_sum_to_exactly_one(published_company: Company):
    ratios: dict[str, Decimal] = defaultdict(Decimal)
    rows = published_company.query(
        "select x_SplitOriginId, AllocatedMethodId, AllocatedMethodDetails from focus_allocated"
    )
    for origin, method, details in rows:
        assert (origin is None) == (method is None) == (details is None)
        if origin is not None:
            [element] = json.loads(details, parse_float=Decimal, parse_int=Decimal)["Elements"]
            ratios[origin] += element["AllocatedRatio"]
    assert len(ratios) > 1000
    assert set(ratios.values()) == {Decimal(1)}


def test_the_details_of_every_split_charge_follow_the_standards_schema(
    published_company: Company, reference_data: Path
):
    schemas = reference_data / "focus/focus_models/json_schemas"
    schema = jsonschema.Draft202012Validator(
        json.loads((schemas / "allocatedmethoddetailsobjectschema.json").read_text())
    )
    details = published_company.query("select distinct AllocatedMethodDetails from focus_allocated")
    for (text,) in details:
        if text is not None:
            schema.validate(json.loads(text))
    assert not schema.is_valid({"Elements": [{"UsageUnit": "GPU-Hours"}]})


def test_quantities_of_a_split_machine_sum_to_those_of_its_lines(published_company: Company):
    rows = published_company.query("""
        with parts as (
            select x_PoolId, sum(PricingQuantity) as priced, any_value(PricingUnit) as unit
            from focus_allocated group by x_PoolId
        ),
        lines as (
            select x_PoolId, sum(PricingQuantity) as priced
            from focus_cost_and_usage group by x_PoolId
            having count(PricingUnit) = count(*) and count(distinct PricingUnit) = 1
        )
        select parts.priced = lines.priced, parts.unit is not null, count(*)
        from parts inner join lines using (x_PoolId) group by all
    """)
    assert len(rows) == 1
    [(equal, has_unit, pools)] = rows
    assert equal
    assert has_unit
    assert pools > 1000


def test_a_split_row_leads_to_its_amount_and_names_its_user(published_company: Company):
    rows = published_company.query("""
        select count(*), count(*) filter (where focus.EffectiveCost = amounts.allocated_effective_cost),
            count(*) filter (where focus.AllocatedResourceId is null and focus.x_SplitOriginId is not null),
            count(*) filter (where amounts.method = 'gpu_hours' and amounts.is_idle <> (AllocatedResourceId = 'idle'))
        from focus_allocated as focus
        inner join fct_cost_allocations as amounts on focus.x_AllocationId = amounts.allocation_id
    """)
    [(amounts,)] = published_company.query("select count(*) from fct_cost_allocations")
    assert rows == [(amounts, amounts, 0, 0)]
