"""FOCUS deliveries of four kinds beside the clouds' own formats: what was delivered stands, gaps are filled by rule,
and every amount is there to its last digit.
"""

import csv
import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_pipeline.side_files.vendors import write_vendor_table
from tests.conftest import REFERENCE_DATA
from tests.dbt.landing_zone import LandingZone

REAL = "focus/focus_sample_half.csv"
CHARGE = {
    "BillingAccountId": "acct-1",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-05T00:00:00Z",
    "ChargePeriodEnd": "2026-10-05T01:00:00Z",
    "ChargeCategory": "Usage",
    "ServiceName": "Compute",
    "ServiceCategory": "Compute",
}


def _charge(billed: str, effective: str | None = None, **columns: Any) -> dict[str, Any]:
    return {**CHARGE, "BilledCost": billed, "EffectiveCost": effective or billed, **columns}


AWS_1_0 = [
    _charge(
        "98.32",
        ProviderName="AWS",
        InvoiceIssuerName="Amazon Web Services, Inc.",
        ServiceName="Amazon Elastic Compute Cloud",
        x_ServiceCode="AmazonEC2",
        x_UsageType="USE1-BoxUsage:p5.48xlarge",
        PricingQuantity="1",
        PricingUnit="Hours",
        ConsumedQuantity="1",
        ConsumedUnit="Hours",
        PricingCategory="Standard",
        Tags={"user_team": "research"},
        ResourceId="i-0abc",
    ),
    _charge("0", "52.4", PricingCategory="Committed", CommitmentDiscountId="plan", CommitmentDiscountStatus="Used"),
]
AWS_1_2 = [
    _charge(
        "1.5",
        ProviderName="AWS",
        ServiceName="Amazon Bedrock",
        ServiceCategory="AI and Machine Learning",
        ServiceSubcategory="Generative AI",
        x_ServiceCode="AmazonBedrock",
        SkuMeter="USE1-Claude4.6Sonnet-input-tokens",
        PricingQuantity="0.5",
        PricingUnit="1000000 Tokens",
        ConsumedQuantity="500000",
        ConsumedUnit="Tokens",
        InvoiceId="INV-7",
        PricingCurrency="EUR",
        SkuPriceId="price-1",
        SkuPriceDetails='{"x_Qualifier":"batch"}',
    )
]
GCP = [
    {
        **_charge("3.0000000004", ProviderName="Google Cloud", ServiceName="Compute Engine"),
        "ServiceCategory": None,
        "ChargeDescription": "Nvidia L4 GPU running in Americas",
        "BillingPeriodStart": "2026-10-01 07:00:00",
        "ChargePeriodStart": "2026-10-05 00:00:00",
        "PricingQuantity": "8",
        "PricingUnit": "hour",
        "ConsumedQuantity": "28800",
        "ConsumedUnit": "seconds",
        "x_Labels": [{"Key": "team", "Value": "vision"}],
        "x_ProjectLabels": [{"Key": "team", "Value": "project-team"}],
    },
    {**_charge("-1", ProviderName="Google Cloud"), "ChargeCategory": "correction"},
]
AZURE = [
    _charge(
        "7.25",
        ProviderName="Microsoft",
        InvoiceIssuerName="Microsoft",
        ServiceName="Virtual Machines",
        x_SkuMeterCategory="Virtual Machines",
        x_SkuMeterName="ND96isr H100 v5",
        x_SkuDetails='{"ServiceType": "Standard_ND96isr_H100_v5"}',
        x_ResourceGroupName="MC_ml_train_westeurope",
        ResourceId="/subscriptions/S/resourceGroups/MC_ml_train_westeurope/providers/Microsoft.Compute/"
        "virtualMachineScaleSets/aks-gpu/virtualMachines/0",
        PricingQuantity="1",
        PricingUnit="Hours",
        ConsumedQuantity="1",
        ConsumedUnit="Hours",
        Tags='{"Team": "assistant"}',
        ChargePeriodStart="10/05/2026",
    )
]
VENDOR = [
    _charge(
        "2.50",
        ServiceProviderName="GPU Cloud",
        InvoiceIssuerName="GPU Cloud Inc.",
        HostProviderName="GPU Cloud",
        ContractApplied='{"Elements": []}',
        ListCost="3",
        PricingCategory="On-Demand",
        RegionName="us-east",
        Tags='{"team": "search"}',
    ),
    _charge("NULL", "0.10", ProviderName="NULL", ServiceCategory="NULL", ChargeClass="NULL", Tags="NULL"),
]


GPU_CLOUD = [
    _charge(
        "23.20",
        ServiceProviderName="GPU Cloud",
        SkuMeter="NVIDIA H100 80GB HGX",
        PricingQuantity="8",
        PricingUnit="GPU-Hours",
        ConsumedQuantity="8",
        ConsumedUnit="GPU-Hours",
    ),
    _charge(
        "23.20",
        ServiceProviderName="GPU Cloud",
        SkuMeter="HGX H100 machine",
        PricingQuantity="1",
        PricingUnit="Hours",
        ConsumedQuantity="1",
        ConsumedUnit="Hours",
    ),
    _charge(
        "1.75",
        ServiceProviderName="Model Maker",
        ServiceName="Claude Opus 4.6 API",
        ServiceCategory="AI and Machine Learning",
        SkuMeter="Cache Read Input Tokens",
        PricingQuantity="2",
        PricingUnit="1000000 Tokens",
        ConsumedQuantity="2000000",
        ConsumedUnit="Tokens",
    ),
]

INSTANTS = [
    "2026-10-05T01:30:00+02:00",
    "2026-10-04 16:30:00-07",
    "2026-10-04T23:30Z",
    "2026-10-04 23:30:00.000",
    "2026-10-04 23:30:00 UTC",
]
"""One instant as bills write it, with its zone or in UTC."""


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> LandingZone:
    zone = LandingZone(tmp_path_factory.mktemp("home"))
    zone.land("aws_focus", "aws-1-0", AWS_1_0)
    zone.land("aws_focus", "aws-1-2", AWS_1_2, as_text=True)
    zone.land("gcp_focus", "gcp", GCP)
    zone.land("azure_focus", "azure", AZURE, as_text=True)
    zone.land("other_focus", "vendor", VENDOR, as_text=True)
    zone.land("other_focus", "nameless", VENDOR[1:], as_text=True)
    write_vendor_table({"nameless": "GPU Depot", "vendor-2": "never seen"}, zone.path)
    zone.land("other_focus", "gpu-cloud", GPU_CLOUD, as_text=True)
    frame = _charge("1", ListUnitPrice="NaN", ListCost="None", CommitmentDiscountId="null", PricingQuantity="nan")
    zone.land("other_focus", "data-frame", [frame], as_text=True)
    spot = "Nvidia L4 GPU attached to Spot Preemptible VMs running in Americas"
    ends = [
        {**GCP[0], "BillingPeriodEnd": "2026-10-31 07:00:00"},
        {**GCP[0], "BillingPeriodEnd": "2026-11-01 07:00:00", "ChargeDescription": spot},
    ]
    zone.land("gcp_focus", "gcp-ends", ends)
    zone.land("other_focus", "zoned", [_charge("1", ChargePeriodStart=start) for start in INSTANTS], as_text=True)
    cur1 = {"lineItem/LineItemType": "Usage", "lineItem/CurrencyCode": "USD"}
    zone.land("aws_cur1", "zoned-cur1", [{**cur1, "lineItem/UsageStartDate": start} for start in INSTANTS])
    zone.land(
        "gcp_standard",
        "standard",
        [
            {
                "billing_account_id": "01A2B3",
                "currency": "USD",
                "cost_type": "regular",
                "invoice": {"month": "202610"},
                "service": {"description": "Cloud Storage"},
                "cost": "1.25",
                "credits": [],
                "usage_start_time": "2026-10-05 00:00:00",
                "labels": [{"key": "team", "value": "data"}],
            }
        ],
    )
    if REFERENCE_DATA.is_dir():
        zone.land_csv("other_focus", "real", REFERENCE_DATA / REAL, period="2024-09")
    zone.build()
    return zone


def _charges(zone: LandingZone, source: str, *columns: str) -> list[dict[str, Any]]:
    select = ", ".join(columns)
    return zone.query(
        f"select {select} from int_charges_attributed_to_owners where source_name = '{source}' order by landed_row"
    )


def test_a_delivered_focus_charge_is_published_under_its_own_words(zone: LandingZone) -> None:
    [machine, covered] = _charges(
        zone,
        "aws-1-0",
        "provider",
        "service_name",
        "service_subcategory",
        "invoice_issuer_name",
        "invoice_issuer_legal_name",
        "billed_cost",
        "effective_cost",
        "team",
        "gpu_model",
        "gpu_hours",
        "cost_layer",
        "landed_table",
        "host_provider_name",
        "commitment_discount_status",
    )
    assert machine == {
        "provider": "aws",
        "service_name": "Amazon Elastic Compute Cloud",
        "service_subcategory": "Virtual Machines",
        "invoice_issuer_name": "AWS",
        "invoice_issuer_legal_name": "Amazon Web Services, Inc.",
        "billed_cost": Decimal("98.32"),
        "effective_cost": Decimal("98.32"),
        "team": "research",
        "gpu_model": "H100",
        "gpu_hours": Decimal(8),
        "cost_layer": "compute",
        "landed_table": "aws_focus",
        "host_provider_name": "AWS",
        "commitment_discount_status": None,
    }
    assert (covered["billed_cost"], covered["effective_cost"]) == (0, Decimal("52.4"))
    assert covered["commitment_discount_status"] == "Used"


@pytest.mark.parametrize("source", ["zoned", "zoned-cur1"])
def test_a_charge_stands_on_the_day_of_its_instant_whatever_zone_it_is_told_in(zone: LandingZone, source: str) -> None:
    starts = [row["charge_period_start"] for row in _charges(zone, source, "charge_period_start")]
    assert starts == [datetime(2026, 10, 4, 23, 30)] * len(INSTANTS)


def test_what_a_data_frame_writes_for_nothing_is_nothing(zone: LandingZone) -> None:
    [charge] = _charges(
        zone, "data-frame", "list_unit_price", "list_cost", "pricing_quantity", "commitment_discount_id"
    )
    assert charge == {
        "list_unit_price": None,
        "list_cost": 1,
        "pricing_quantity": None,
        "commitment_discount_id": None,
    }


def test_a_billing_period_of_google_ends_with_the_first_instant_after_it(zone: LandingZone) -> None:
    ends = [row["billing_period_end"] for row in _charges(zone, "gcp-ends", "billing_period_end")]
    assert ends == [datetime(2026, 11, 1, 7)] * 2


def test_a_spot_machine_of_google_is_known_by_its_meter(zone: LandingZone) -> None:
    machines = [tuple(row.values()) for row in _charges(zone, "gcp-ends", "gpu_model", "capacity_type")]
    assert machines == [("L4", "on_demand"), ("L4", "spot")]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [("ListCost", "1,234.50", "a number below 10^20"), ("ChargePeriodEnd", "31.10.2026", "a date or an instant")],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, column: str, value: str, expected: str) -> None:
    zone = LandingZone(tmp_path)
    zone.land("other_focus", "vendor", [_charge("1"), _charge("1", **{column: value})], as_text=True)
    told = f"vendor: lines.csv, row 2: {column} is '{value}'; expected {expected}"
    with pytest.raises(AssertionError, match=re.escape(told)):
        zone.build("int_other__focus_charges_mapped")


def test_version_1_2_columns_of_a_csv_export_are_kept(zone: LandingZone) -> None:
    [tokens] = _charges(
        zone,
        "aws-1-2",
        "model_id",
        "token_direction",
        "token_count",
        "invoice_id",
        "pricing_currency",
        "pricing_unit",
        "sku_meter",
        "sku_price_details",
        "service_subcategory",
    )
    assert tokens == {
        "model_id": "claude-sonnet-4.6",
        "token_direction": "Input",
        "token_count": 500_000,
        "invoice_id": "INV-7",
        "pricing_currency": "EUR",
        "pricing_unit": "1000000 Tokens",
        "sku_meter": "USE1-Claude4.6Sonnet-input-tokens",
        "sku_price_details": '{"x_Qualifier":"batch"}',
        "service_subcategory": "Generative AI",
    }


def test_googles_focus_export_gets_the_category_it_leaves_out(zone: LandingZone) -> None:
    [gpu, correction] = _charges(
        zone,
        "gcp",
        "service_category",
        "charge_category",
        "raw_values",
        "team",
        "gpu_model",
        "gpu_hours",
        "billed_cost",
    )
    assert (gpu["service_category"], gpu["gpu_model"], gpu["gpu_hours"]) == ("Compute", "L4", 8)
    assert (gpu["team"], gpu["billed_cost"]) == ("vision", Decimal("3.0000000004"))
    assert correction["charge_category"] == "Adjustment"
    assert json.loads(correction["raw_values"]) == {"ChargeCategory": "correction"}


def test_azures_own_columns_name_machine_and_cluster(zone: LandingZone) -> None:
    [machine] = _charges(
        zone, "azure", "gpu_model", "gpu_hours", "cluster", "node_pool", "team", "charge_date", "resource_id"
    )
    assert (machine["gpu_model"], machine["gpu_hours"]) == ("H100", 8)
    assert (machine["cluster"], machine["node_pool"], machine["team"]) == ("train", "aks-gpu", "assistant")
    assert str(machine["charge_date"]) == "2026-10-05"
    assert machine["resource_id"].startswith("/subscriptions/s/")


def test_a_vendors_gaps_are_filled_by_rule_and_its_slips_are_kept(zone: LandingZone) -> None:
    [gpu, blank] = _charges(
        zone,
        "vendor",
        "provider",
        "service_provider_name",
        "contracted_cost",
        "list_cost",
        "pricing_category",
        "raw_values",
        "region_id",
        "team",
        "contract_applied",
        "billed_cost",
        "effective_cost",
        "charge_class",
        "service_category",
        "tags",
    )
    assert (gpu["provider"], gpu["list_cost"], gpu["contracted_cost"]) == ("GPU Cloud", 3, 3)
    assert (gpu["pricing_category"], json.loads(gpu["raw_values"])) == (None, {"PricingCategory": "On-Demand"})
    assert (gpu["region_id"], gpu["team"], gpu["contract_applied"]) == ("us-east", "search", '{"Elements": []}')
    assert (blank["billed_cost"], blank["effective_cost"]) == (0, Decimal("0.1"))
    assert (blank["charge_class"], blank["tags"], blank["service_category"]) == (None, None, "Other")
    assert blank["provider"] == "vendor"  # nobody is named: the source is


def test_a_file_that_names_nobody_goes_by_the_vendor_of_the_configuration(zone: LandingZone) -> None:
    names = ("provider", "service_provider_name", "publisher_name", "invoice_issuer_name")
    [charge] = _charges(zone, "nameless", *names)
    assert charge == dict.fromkeys(names, "GPU Depot")


def test_a_gpu_cloud_and_a_model_maker_are_read_by_their_meters(zone: LandingZone) -> None:
    [gpus, machine, tokens] = _charges(
        zone, "gpu-cloud", "provider", "gpu_model", "gpu_hours", "model_id", "token_cache_action", "token_count"
    )
    assert (gpus["provider"], gpus["gpu_model"], gpus["gpu_hours"]) == ("GPU Cloud", "H100", 8)
    # how many GPUs the machine has, nobody says: unknown is null
    assert (machine["gpu_model"], machine["gpu_hours"]) == (None, None)
    assert (tokens["provider"], tokens["model_id"]) == ("Model Maker", "claude-opus-4.6")
    assert (tokens["token_cache_action"], tokens["token_count"]) == ("Read", 2_000_000)


def test_the_standard_table_is_the_detailed_one_without_resources(zone: LandingZone) -> None:
    [bucket] = _charges(zone, "standard", "landed_table", "service_name", "team", "billed_cost", "resource_id")
    assert (bucket["landed_table"], bucket["team"]) == ("gcp_standard", "data")
    assert (bucket["billed_cost"], bucket["resource_id"]) == (Decimal("1.25"), None)


def test_normalized_totals_equal_the_raw_totals_of_every_delivery(zone: LandingZone) -> None:
    [unequal] = zone.query(
        """
        with normalized as (
            select source_name, billing_currency, sum(billed_cost) as billed, sum(effective_cost) as effective
            from int_charges_attributed_to_owners group by all
        )
        select count(*) as offenders, (select count(*) from stg_delivery_totals) as totals
        from stg_delivery_totals as raw_totals
        left join normalized using (source_name, billing_currency)
        where raw_totals.raw_cost is distinct from
            case raw_totals.cost_basis when 'billed' then normalized.billed else normalized.effective end
        """
    )
    assert unequal["offenders"] == 0
    assert unequal["totals"] >= 12


def test_real_focus_rows_come_out_exact_to_the_last_digit(zone: LandingZone, reference_data: Path) -> None:
    with (reference_data / REAL).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 518

    def total(*columns: str) -> Decimal:
        """Sum of the first of these columns that each row has."""
        delivered = [[row[column] for column in columns if row[column] != "NULL"] for row in rows]
        return sum((Decimal(values[0]) for values in delivered if values), Decimal(0))

    [charges] = zone.query(
        """
        select count(*) as charges, sum(billed_cost) as billed, sum(effective_cost) as effective,
            sum(list_cost) as list, sum(contracted_cost) as contracted,
            count(tags) as tagged, count(distinct provider) as providers
        from int_charges_attributed_to_owners where source_name = 'real'
        """
    )
    assert charges["charges"] == len(rows)
    assert charges["billed"] == total("BilledCost")
    assert charges["effective"] == total("EffectiveCost")
    assert charges["list"] == total("ListCost")
    assert charges["contracted"] == total("ContractedCost", "ListCost")
    assert charges["tagged"] == sum(row["Tags"] not in ("NULL", "{}", "") for row in rows)
    assert charges["providers"] == len({row["ProviderName"] for row in rows})
    # What was delivered is published in its own words.
    by_service = {
        (row["service_name"], row["service_category"]): row["billed"]
        for row in zone.query(
            "select service_name, service_category, sum(billed_cost) as billed"
            " from int_charges_attributed_to_owners where source_name = 'real' group by all"
        )
    }
    expected: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (row["ServiceName"], row["ServiceCategory"])
        expected[key] = expected.get(key, Decimal(0)) + Decimal(row["BilledCost"])
    assert by_service == expected
