"""From landed rows to charges with owners: exact totals, and the spellings that bills come in.

The arithmetic of each provider is unit-tested inside dbt; here the models run together on a landing zone.
"""

import csv
import gzip
import random
from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops_pipeline.side_files.amortization import write_prepayment_table
from finops_pipeline.side_files.ownership import write_ownership_table
from tests.conftest import REFERENCE_DATA
from tests.dbt.accounting_cases import CASES, OWNED, PREPAID, Case
from tests.dbt.landing_zone import LandingZone
from tests.dbt.ledger_fixture import CHARGE_COLUMNS

LEGACY_REPORT = "exports/aws/focus_converters_legacy_cur_anonymised.csv.gz"
AZURE_EXPORTS = "exports/azure/finops_toolkit"
SCALE = Decimal(1).scaleb(-18)
PLAN = "arn:aws:savingsplans::999988887777:savingsplan/one"
AWS = {
    "bill_payer_account_id": "999988887777",
    "line_item_usage_account_id": "012345678901",
    "line_item_currency_code": "USD",
    "bill_billing_period_start_date": "2026-10-01 00:00:00",
    "bill_billing_period_end_date": "2026-11-01 00:00:00",
    "line_item_usage_start_date": "2026-10-05 00:00:00",
    "line_item_usage_end_date": "2026-10-05 01:00:00",
}
TINY = {
    **AWS,
    "line_item_line_item_type": "Usage",
    "line_item_product_code": "AmazonS3",
    "line_item_usage_type": "Requests-Tier1",
    "line_item_unblended_cost": 1.81e-08,
}


def _aws(line_type: str, cost: Any, **columns: Any) -> dict[str, Any]:
    return {**AWS, "line_item_line_item_type": line_type, "line_item_unblended_cost": cost, **columns}


CUR2 = [
    TINY,
    TINY,  # two equal lines both count
    _aws(
        "Usage",
        98.32,
        line_item_product_code="AmazonEC2",
        line_item_usage_type="USE1-BoxUsage:p5.48xlarge",
        line_item_usage_amount=1.0,
        pricing_unit="Hrs",
        line_item_resource_id="i-0abc",
        resource_tags={"user_squad": "research", "aws_eks_cluster_name": "train"},
    ),
    _aws(
        "SavingsPlanCoveredUsage",
        78.6,
        savings_plan_savings_plan_effective_cost=52.4,
        savings_plan_savings_plan_a_r_n=PLAN,
    ),
    _aws("SavingsPlanNegation", -78.59, savings_plan_savings_plan_a_r_n=PLAN),
    _aws(
        "SavingsPlanRecurringFee",
        60.0,
        savings_plan_savings_plan_a_r_n=PLAN,
        savings_plan_total_commitment_to_date=60.0,
        savings_plan_used_commitment=52.4,
    ),
    _aws("Tax", 3.21),
    _aws("Credit", -5.5),
    {},  # a line that says nothing is a charge of nothing
]
EA = {
    "BillingAccountId": "8611537",
    "BillingCurrency": "USD",
    "BillingPeriodStartDate": "10/01/2026",
    "BillingPeriodEndDate": "10/31/2026",
    "SubscriptionId": "sub-1",
    "MeterCategory": "Virtual Machines",
    "MeterName": "ND96isr H100 v5",
    "UnitOfMeasure": "1 Hour",
    "Quantity": "1",
    "ChargeType": "Usage",
    "Frequency": "UsageBased",
    "PricingModel": "OnDemand",
}
FIRST_SEAT = Decimal("1.000000000000002")
BRACELESS = '"Team": "search","note": "a: b","env": "prod"'


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> LandingZone:
    zone = LandingZone(tmp_path_factory.mktemp("home"))
    zone.land("aws_cur2", "payer", CUR2)
    zone.land(
        "aws_cur2",
        "payer-net",
        [_aws("Usage", 10.0, line_item_net_unblended_cost=8.75), _aws("EdpDiscount", -1.25)],
        is_net=True,
    )
    zone.land(
        "aws_cur2",
        "payer-csv",
        [_aws("Usage", "2.5E-7", resource_tags='{"user_team": "search"}', product='{"product_name": "AWS Lambda"}')],
        as_text=True,
    )
    zone.land(
        "aws_cur1",
        "legacy",
        [
            {
                "bill/PayerAccountId": "999988887777",
                "bill/BillingPeriodStartDate": "2026-10-01T00:00:00.000Z",
                "lineItem/LineItemType": "Usage",
                "lineItem/UsageStartDate": "2026-10-31T23:00:00Z",
                "lineItem/CurrencyCode": "usd",
                "lineItem/UnblendedCost": "1.81E-8",
                "lineItem/UsageAmount": "",
                "resourceTags/user:Team": "vision",
                "resourceTags/user:empty": "",
            }
        ],
    )
    zone.land("gcp_detailed", "gcp", _gcp_rows())
    on_demand = {**EA, "Date": "10/09/2026", "Cost": "5.25", "Tags": BRACELESS}
    reserved = {
        **EA,
        "Date": "10/09/2026",
        "PricingModel": "Reservation",
        "BenefitId": "/providers/microsoft.capacity/r",
    }
    zone.land(
        "azure_cost_details",
        "pair",
        [on_demand, {**reserved, "Cost": "0"}, {**reserved, "ChargeType": "Purchase", "Cost": "744"}],
        variant="ActualCost",
    )
    zone.land(
        "azure_cost_details",
        "pair",
        [on_demand, {**reserved, "Cost": "23.5"}, {**reserved, "ChargeType": "UnusedReservation", "Cost": "0.5"}],
        variant="AmortizedCost",
    )
    zone.land(
        "azure_cost_details",
        "mca",
        [
            {
                "billingProfileId": "NF5V",
                "date": "3/9/26",
                "costInBillingCurrency": "0.0000000072922557592391990001",
                "billingCurrency": "EUR",
                "chargeType": "Usage",
                "InstanceName": "/subscriptions/s/resourceGroups/G/providers/Microsoft.Storage/storageAccounts/Acct",
                "meterCategory": "Storage",
                "tags": '{"team": "data"',
            },
        ],
        variant="ActualCost",
    )
    iso = {**EA, "Date": "2026-10-09", "Cost": "5.64902E-05"}
    zone.land("azure_cost_details", "actual", [iso], variant="ActualCost")
    zone.land("azure_cost_details", "amortized", [on_demand, {**reserved, "Cost": "23.5"}], variant="AmortizedCost")
    write_prepayment_table(PREPAID, zone.path)
    write_ownership_table(OWNED, zone.path)
    for name, case in CASES.items():
        _land_case(zone, f"case-{name}", case)
    if REFERENCE_DATA.is_dir():
        _land_real_files(zone)
    zone.build("int_charges_attributed_to_owners", "fct_prepayment_balances")
    return zone


def _land_case(zone: LandingZone, source: str, case: Case) -> None:
    variant = "ActualCost" if case.table == "azure_cost_details" else ""
    zone.land(case.table, source, case.lines, variant=variant, period=case.period, is_net=case.is_net)
    if case.amortized:
        zone.land(case.table, source, case.amortized, variant="AmortizedCost", period=case.period)


def _land_real_files(zone: LandingZone) -> None:
    """Bills that no one here wrote. The two Azure files are no pair, so each is a source of its own."""
    legacy, azure = REFERENCE_DATA / LEGACY_REPORT, REFERENCE_DATA / AZURE_EXPORTS
    zone.land_csv("aws_cur1", "real-legacy", legacy, period="2023-11")
    for variant, file in (("ActualCost", "EA_ActualCost_Small.csv"), ("AmortizedCost", "EA_AmortizedCost_Small.csv")):
        zone.land_csv("azure_cost_details", f"real-{variant}", azure / file, period="2023-09", variant=variant)


def _gcp_rows() -> Iterator[dict[str, Any]]:
    common = {
        "billing_account_id": "01A2B3",
        "currency": "USD",
        "cost_type": "regular",
        "invoice": {"month": "202610"},
        "usage_start_time": "2026-10-05 00:00:00",
        "usage_end_time": "2026-10-05 01:00:00",
        "project": {"id": "p", "labels": [{"key": "team", "value": "project-team"}]},
    }
    machine = {"name": "n1", "global_name": "//compute.googleapis.com/projects/p/zones/z/instances/1"}
    compute = {**common, "service": {"description": "Compute Engine"}, "resource": machine}
    yield {
        **compute,
        "sku": {"id": "g", "description": "Spot Preemptible Nvidia Tesla A100 80GB GPU running in EMEA"},
        "cost": "12.345",
        "usage": {"amount": "28800", "unit": "seconds", "amount_in_pricing_units": "8", "pricing_unit": "hour"},
        "credits": [
            {"id": "1", "type": "SUSTAINED_USAGE_DISCOUNT", "amount": "-2.345"},
            {"id": "2", "type": "PROMOTION", "full_name": "Spring", "amount": "-1.5E-7"},
        ],
        "labels": [{"key": "Team", "value": "own-team"}, {"key": "team", "value": "own-team"}],
        "tags": [
            {"key": "boundary", "value": "first", "namespace": "1"},
            {"key": "boundary", "value": "second", "namespace": "2"},
        ],
    }
    yield {
        **compute,
        "sku": {"id": "c", "description": "Spot Preemptible A2 Instance Core running in EMEA"},
        "cost": "0.5",
        "usage": {"amount": "3600", "unit": "seconds", "amount_in_pricing_units": "1", "pricing_unit": "hour"},
    }
    yield {
        **common,
        "service": {"description": "Cloud Storage"},
        "sku": {"id": "s", "description": "Standard Storage US Regional"},
        # More byte-seconds than the money type could hold.
        "usage": {
            "amount": "36000000000000000000000.0",
            "unit": "byte-seconds",
            "amount_in_pricing_units": "1",
            "pricing_unit": "gibibyte month",
        },
        "cost": "1",
        "resource": {"global_name": "//storage.googleapis.com/projects/_/buckets/lake"},
    }


def test_every_total_is_the_deliverys_own_to_the_last_digit(zone: LandingZone) -> None:
    differences = zone.query("""
        with charges as (
            select source_name, billing_period, billing_currency, cost_basis, sum(cost) as cost
            from int_charges_attributed_to_owners
            unpivot (cost for cost_basis in (billed_cost as 'billed', effective_cost as 'effective'))
            group by all
        )
        select totals.source_name, totals.cost_basis, totals.raw_cost, charges.cost
        from stg_delivery_totals as totals
        left join charges using (source_name, billing_period, billing_currency, cost_basis)
        where charges.cost is distinct from totals.raw_cost
    """)
    # a day of the three that the seats were bought for has not come, another one is November's
    assert differences == [
        {"source_name": "case-prepaid-seats", "cost_basis": "effective", "raw_cost": Decimal(3), "cost": FIRST_SEAT}
    ]


def test_the_worked_examples_hold(zone: LandingZone) -> None:
    zone.dbt("test", "--select", "path:models/intermediate/normalize,test_type:unit")


def test_totals_are_the_ones_a_person_would_add_up(zone: LandingZone) -> None:
    totals = {
        (row["source_name"], row["billing_currency"]): (row["billed"], row["effective"])
        for row in zone.query("""
            select source_name, billing_currency, sum(billed_cost) as billed, sum(effective_cost) as effective
            from int_charges_attributed_to_owners
            where source_name not similar to '(real|case)-.*' group by all
        """)
    }
    expected = {
        # 98.32 + 78.60 - 78.59 + 60 + 3.21 - 5.5 and two tiny lines; 98.32 + 52.40 + 7.60 unused + 3.21 - 5.5 and both
        ("payer", "USD"): ("156.0400000362", "156.0300000362"),
        ("payer", "XXX"): ("0", "0"),
        ("payer-net", "USD"): ("8.75", "8.75"),
        ("payer-csv", "USD"): ("0.00000025", "0.00000025"),
        ("legacy", "USD"): ("0.0000000181", "0.0000000181"),
        ("gcp", "USD"): ("11.49999985", "11.49999985"),
        ("pair", "USD"): ("749.25", "29.25"),
        ("mca", "EUR"): ("0.000000007292255759", "0.000000007292255759"),
        ("actual", "USD"): ("0.0000564902", "0.0000564902"),
        ("amortized", "USD"): ("5.25", "28.75"),
    }
    assert totals == {key: (Decimal(billed), Decimal(effective)) for key, (billed, effective) in expected.items()}


def test_what_was_bought_and_not_spread_yet_is_the_open_balance(zone: LandingZone) -> None:
    balances = zone.query("""
        select prepayment, billing_period, purchased_cost, spread_cost, unused_cost, open_balance
        from fct_prepayment_balances order by all
    """)
    last_seat = Decimal("0.999999999999999")
    unused = 100 - Decimal("26.66666666666672")
    assert [tuple(row.values()) for row in balances] == [
        ("block", "2026-10", 100, 100, unused, 0),
        ("seats", "2026-10", 3, FIRST_SEAT, 0, 3 - FIRST_SEAT),
        ("seats", "2026-11", 0, last_seat, 0, last_seat),
    ]


def _amounts(case: Case, line: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Billed and effective cost of a delivered line, as the providers' own documentation amortizes."""

    def number(name: str) -> Decimal:
        return Decimal(str(line.get(name, 0)))

    table = case.table
    if table == "aws_cur2":
        cost = number("line_item_net_unblended_cost" if case.is_net else "line_item_unblended_cost")
        is_committed = "savings_plan_savings_plan_a_r_n" in line or "reservation_reservation_a_r_n" in line
        amortized = {
            "SavingsPlanCoveredUsage": number("savings_plan_savings_plan_effective_cost"),
            "SavingsPlanRecurringFee": number("savings_plan_total_commitment_to_date")
            - number("savings_plan_used_commitment"),
            "SavingsPlanNegation": Decimal(0),
            "SavingsPlanUpfrontFee": Decimal(0),
            "DiscountedUsage": number("reservation_effective_cost"),
            "RIFee": number("reservation_unused_amortized_upfront_fee_for_billing_period")
            + number("reservation_unused_recurring_fee"),
        }
        if is_committed:
            amortized |= {"Fee": Decimal(0), "Refund": Decimal(0)}
        return cost, amortized.get(line["line_item_line_item_type"], cost)
    if table.startswith("gcp_"):
        cost = number("cost") + sum((Decimal(credit["amount"]) for credit in line["credits"]), Decimal(0))
        return cost, cost
    if table == "azure_cost_details":
        cost = next(number(name) for name in ("costInBillingCurrency", "Cost", "PreTaxCost") if name in line)
        return cost, cost
    return number("BilledCost"), number("EffectiveCost")


@pytest.mark.parametrize("name", CASES)
def test_billed_and_amortized_totals_are_those_worked_out_from_the_lines(zone: LandingZone, name: str) -> None:
    case = CASES[name]
    billed = sum((_amounts(case, line)[0] for line in case.lines), Decimal(0))
    effective = sum((_amounts(case, line)[1] for line in case.amortized or case.lines), Decimal(0))
    if name == "prepaid-seats":
        effective -= Decimal("0.999999999999999")  # the third day is not spread yet
    [total] = zone.query(f"""
        select sum(billed_cost) as billed, sum(effective_cost) as effective
        from int_charges_attributed_to_owners where source_name = 'case-{name}'
    """)
    assert (total["billed"], total["effective"]) == (billed, effective)


@pytest.mark.parametrize("name", CASES)
def test_a_hard_case_becomes_the_charges_that_were_decided(zone: LandingZone, name: str) -> None:
    rows = zone.query(f"""
        select * from int_charges_attributed_to_owners where source_name = 'case-{name}'
        order by landed_row, delivery_id, charge_id
    """)
    expected = CASES[name].charges
    found = [{column: row[column] for column in charge} for row, charge in zip(rows, expected, strict=False)]
    assert found == [{column: _as_typed(column, value) for column, value in charge.items()} for charge in expected]
    assert len(rows) == len(expected)


def _as_typed(column: str, value: Any) -> Any:
    """A value of a case as the warehouse gives it."""
    if isinstance(value, str) and column.endswith(("_start", "_end")):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and column.endswith("_date"):
        return date.fromisoformat(value)
    if isinstance(value, str) and column.endswith(("_cost", "_price", "_quantity")):
        return Decimal(value)
    return value


def test_the_columns_are_the_ones_allocation_reads(zone: LandingZone) -> None:
    described = zone.query("describe int_charges_attributed_to_owners")
    found = {row["column_name"]: row["column_type"].lower().replace(", ", ",") for row in described}
    expected = {name: type_.replace(", ", ",") for name, type_ in CHARGE_COLUMNS.items()}
    assert list(found) == list(expected)
    assert found == expected


def test_each_delivered_line_leads_to_charges_and_back(zone: LandingZone) -> None:
    rows = zone.query("""
        select charge_id, landed_row, charge_origin, billed_cost from int_charges_attributed_to_owners
        where source_name = 'payer' order by landed_row, charge_id
    """)
    prefix = "payer/2026-10/payer-run-1/1/"
    assert [(row["charge_id"].removeprefix(prefix), row["charge_origin"]) for row in rows] == [
        ("1", "delivered"),
        ("2", "delivered"),
        ("3", "delivered"),
        ("4", "delivered"),
        ("4#negation-residual", "negation residual"),
        ("6", "commitment purchase"),
        ("6#unused", "unused commitment"),
        ("7", "delivered"),
        ("8", "delivered"),
        ("9", "delivered"),
    ]


def test_a_gpu_machine_is_found_with_its_owner_and_cluster(zone: LandingZone) -> None:
    [row] = zone.query("select * from int_charges_attributed_to_owners where resource_id = 'i-0abc'")
    found = {name: row[name] for name in ("gpu_model", "gpu_count", "gpu_hours", "capacity_type", "is_cluster_machine")}
    assert found == {
        "gpu_model": "H100",
        "gpu_count": 8,
        "gpu_hours": 8,
        "capacity_type": "on_demand",
        "is_cluster_machine": True,
    }
    assert (row["team"], row["cluster"], row["owner_source"]) == ("research", "train", "tag:user_squad")
    assert row["sub_account_id"] == "012345678901"


def test_tags_are_found_in_every_way_they_are_delivered(zone: LandingZone) -> None:
    teams = {
        (row["source_name"], row["team"])
        for row in zone.query("select distinct source_name, team from int_charges_attributed_to_owners")
    }
    assert {("payer-csv", "search"), ("legacy", "vision"), ("pair", "search"), ("gcp", "own-team")} <= teams


def test_tags_that_are_no_json_are_kept_beside_the_cost(zone: LandingZone) -> None:
    [row] = zone.query("select tags from int_charges_attributed_to_owners where bucket = 'Acct'")
    assert row["tags"] == {"x_UnparsedTags": '{"team": "data"'}


def test_days_are_read_in_every_spelling(zone: LandingZone) -> None:
    days = {
        (row["source_name"], str(row["charge_date"]))
        for row in zone.query("select distinct source_name, charge_date from int_charges_attributed_to_owners")
    }
    assert {("pair", "2026-10-09"), ("mca", "2026-03-09"), ("actual", "2026-10-09"), ("legacy", "2026-10-31")} <= days


def test_a_machine_billed_in_parts_is_one_machine(zone: LandingZone) -> None:
    rows = zone.query("""
        select sku_meter, gpu_model, gpu_hours, capacity_type, is_cluster_machine
        from int_charges_attributed_to_owners
        where source_name = 'gcp' and charge_category = 'Usage' and service_name = 'Compute Engine' order by sku_id
    """)
    assert [(row["gpu_model"], row["gpu_hours"], row["capacity_type"], row["is_cluster_machine"]) for row in rows] == [
        ("A100-80GB", None, "spot", True),
        ("A100-80GB", 8, "spot", True),
    ]


def test_stored_bytes_are_counted_beyond_what_money_could_hold(zone: LandingZone) -> None:
    [row] = zone.query("select * from int_charges_attributed_to_owners where bucket = 'lake'")
    assert row["billed_byte_hours"] == Decimal(10) ** 19
    assert (row["storage_class"], row["storage_measure"], row["consumed_unit"]) == ("standard", "bytes", "GiB-Hours")


def test_delivered_numbers_round_half_away_from_zero() -> None:
    numbers = random.Random(1)
    texts = [repr(numbers.uniform(-1, 1) * 10 ** numbers.randint(-22, 8)) for _ in range(5000)]
    texts += ["5E-19", "-5E-19", "4.9999E-19", "1.81E-8", "0.0000000000000000005", "123456789.0000000000000000015"]
    with duckdb.connect() as connection:
        query = "select cast(text as decimal(38, 18)) from unnest(?) as texts (text)"
        found = [row[0] for row in connection.execute(query, [texts]).fetchall()]
    assert found == [Decimal(text).quantize(SCALE, ROUND_HALF_UP) for text in texts]


def test_a_real_legacy_report_adds_up_to_its_last_digit(zone: LandingZone, reference_data: Path) -> None:
    file = reference_data / LEGACY_REPORT
    with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as text:
        costs = [Decimal(line["lineItem/UnblendedCost"] or 0) for line in csv.DictReader(text)]
    [row] = zone.query("""
        select count(*) as charges, sum(billed_cost) as billed, sum(effective_cost) as effective
        from int_charges_attributed_to_owners where source_name = 'real-legacy'
    """)
    assert (row["charges"], row["billed"], row["effective"]) == (1281, sum(costs), sum(costs))


@pytest.mark.parametrize(
    ("source", "name", "billed_models"),
    [
        ("real-ActualCost", "EA_ActualCost_Small.csv", {"OnDemand", "Reservation"}),
        ("real-AmortizedCost", "EA_AmortizedCost_Small.csv", {"OnDemand"}),
    ],
)
def test_a_real_azure_export_alone_adds_up_to_its_last_digit(
    zone: LandingZone, reference_data: Path, source: str, name: str, billed_models: set[str]
) -> None:
    file = reference_data / AZURE_EXPORTS / name
    with file.open(encoding="utf-8-sig", newline="") as text:
        lines = list(csv.DictReader(text))
    costs = [(line, Decimal(line["Cost"]).quantize(SCALE, ROUND_HALF_UP)) for line in lines]
    [row] = zone.query(f"""
        select count(*) as charges, sum(billed_cost) as billed, sum(effective_cost) as effective
        from int_charges_attributed_to_owners where source_name = '{source}'
    """)
    assert row["charges"] == len(lines)
    assert row["effective"] == sum(cost for _, cost in costs)
    assert row["billed"] == sum(cost for line, cost in costs if line["PricingModel"] in billed_models)
