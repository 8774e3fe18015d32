"""`finops run` with Azure exports in Blob Storage: the same marts as from folders, and every dialect's money exact."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from azure_deliveries import deliver_files, gzipped, parquet, run_id
from azurite import CANARY, Azurite, Container
from export_writers import AZURE_ROW, AzureExport, csv_bytes

from tests.conftest import Company

_RUN_FACTS = ("fct_check_results.parquet", "fct_deliveries.parquet")
"""Marts that say when something was seen and where it lay."""


@pytest.mark.slow
def test_the_sample_company_from_blob_storage_has_the_marts_of_the_one_from_folders(
    published_company: Company, company_copy: Callable[..., Company], server: Azurite, container: Container
):
    company = company_copy()
    config = yaml.safe_load(company.config.read_text())
    [source] = [source for source in config["sources"] if source["provider"] == "azure"]
    folder = Path(source["uri"].removeprefix("file://")).parents[1]
    assert (folder / "exports" / "amortized").is_dir()
    container.upload(folder)
    source |= {"uri": f"{container.uri}/exports/actual", "amortized_uri": f"{container.uri}/exports/amortized"}
    company.config.write_text(yaml.safe_dump(config))
    (folder / "exports").rename(folder / "not-here")

    validated = company.finops("validate", AZURE_STORAGE_CONNECTION_STRING=server.connection_string)
    finished = company.finops("run", AZURE_STORAGE_CONNECTION_STRING=server.connection_string)

    assert validated.exit_code == 0, validated.output
    assert finished.exit_code == 0, finished.output
    assert CANARY not in validated.output + finished.output
    marts = sorted(path.name for path in published_company.current.glob("*.parquet") if path.name not in _RUN_FACTS)
    assert marts
    different = [
        name
        for name in marts
        if (company.current / name).read_bytes() != (published_company.current / name).read_bytes()
    ]
    assert different == []
    again = company.finops("run", AZURE_STORAGE_CONNECTION_STRING=server.connection_string)
    assert (again.exit_code, "Nothing new" in again.output) == (0, True), again.output


LINE = AZURE_ROW | {"SubscriptionId": "1caaa5a3-2b66-438e-8ab4-bce37d518c5d", "Date": "10/02/2026"}
DIALECTS: dict[str, dict[str, bytes]] = {
    # Five ways to write the same day, in parts of one delivery.
    "days": {
        "part_0_0001.csv": csv_bytes([LINE | {"Date": "10/02/2026", "Cost": "1.01"}]),
        "part_1_0001.csv": csv_bytes([LINE | {"Date": "10/2/2026", "Cost": "1.02"}]),
        "part_2_0001.csv.gz": gzipped([LINE | {"Date": "2026-10-02", "Cost": "1.03"}]),
        "part_3_0001.csv.gz": gzipped([LINE | {"Date": "10/2/26", "Cost": "1.04"}]),
        "part_4_0001.csv.gz": gzipped([LINE | {"Date": "2026-10-02T00:00:00Z", "Cost": "1.05"}]),
    },
    "tags": {
        "part_0_0001.csv": csv_bytes(
            [
                LINE | {"Tags": '"team": "search","note": "a: b"', "Cost": "2.01"},
                LINE | {"Tags": '{"team": "search"}', "Cost": "2.02"},
                LINE | {"Tags": '"team": "search",', "Cost": "2.03"},
                LINE | {"Tags": '{"team": "sea', "Cost": "2.04"},
                LINE | {"Tags": "NULL", "Cost": "2.05"},
                LINE | {"Tags": '"team": "search","team": "vision"', "Cost": "2.06"},
                LINE | {"Tags": '"Team": "search","team ": "search"', "Cost": "2.07"},
            ]
        )
    },
    "german": {
        "part_0_0001.csv": b"\xef\xbb\xbf"
        + csv_bytes(
            [
                {
                    "Abrechnungskonto-ID (BillingAccountId)": "8611537",
                    "Abonnement-GUID (SubscriptionGuid)": "0039de71-ca37-4a17-a104-17665a50e7fc",
                    "Datum (Date)": "10/02/2026",
                    "Kategorie (MeterCategory)": "Virtual Machines",
                    "Kosten (Cost)": "3.01",
                    "Währung (BillingCurrency)": "USD",
                    "Kostenart (ChargeType)": "Usage",
                }
            ]
        )
    },
    "mca": {
        "part_0_0001.snappy.parquet": parquet(
            [
                {
                    "billingAccountId": "0086115:x",
                    "subscriptionId": "0039de71-ca37-4a17-a104-17665a50e7fc",
                    "date": date(2026, 10, 2),
                    "meterCategory": "Storage",
                    "chargeType": "Usage",
                    "costInBillingCurrency": 4.01,
                    "billingCurrency": "USD",
                    "tags": '{"team": "search"}',
                },
            ],
            "snappy",
        )
    },
    # Bought, refunded, rounded: lines without a subscription, of which some are negative.
    "nobody": {
        "part_0_0001.csv": csv_bytes(
            [
                LINE | {"SubscriptionId": "", "ChargeType": "RoundingAdjustment", "Cost": "-0.0000000049"},
                LINE
                | {
                    "SubscriptionId": "00000000-0000-0000-0000-000000000000",
                    "ChargeType": "UnusedReservation",
                    "Cost": "5.02",
                },
                LINE | {"SubscriptionId": "", "ChargeType": "Refund", "Cost": "-1.5"},
                LINE | {"MeterCategory": 'Red Hat® Enterprise, 5 "cores"\nand more', "Cost": "5.64902E-05"},
            ]
        )
    },
}
TOTALS = {
    "days": "5.15",
    "tags": "14.28",
    "german": "3.01",
    "mca": "4.01",
    "nobody": "3.5200564853",
}


@pytest.mark.slow
def test_every_dialect_in_one_company_comes_out_exact(server: Azurite, container: Container, tmp_path: Path):
    sources = []
    for number, (name, files) in enumerate(DIALECTS.items()):
        export = AzureExport(tmp_path / name, name)
        deliver_files(export, "2026-10", files, run=run_id(number))
        container.upload(export.root, f"exports/{name}/")
        uri = f"{container.uri}/exports/{name}"
        sources.append({"name": name, "provider": "azure", "dataset": "cost_details", "uri": uri})
    config = {"version": 1, "reporting_currency": "USD", "sources": sources}
    (tmp_path / "finops.yaml").write_text(yaml.safe_dump(config))
    company = Company(tmp_path / "finops.yaml", tmp_path / "home", "2026-10-20T06:00:00Z")

    finished = company.finops("run", AZURE_STORAGE_CONNECTION_STRING=server.connection_string)

    assert finished.exit_code == 0, finished.output
    reconciled = company.query(
        "select source_name, raw_cost, normalized_cost, allocated_cost from fct_reconciliation"
        " where cost_basis = 'billed'"
    )
    assert {name: costs for name, *costs in reconciled} == {
        name: [Decimal(total)] * 3 for name, total in TOTALS.items()
    }
    days = company.query("select distinct cast(ChargePeriodStart as date) from focus_cost_and_usage")
    assert days == [(date(2026, 10, 2),)]
    teams = company.query("select sum(BilledCost) from focus_cost_and_usage where Tags::varchar like '%search%'")
    assert teams == [(Decimal("2.01") + Decimal("2.02") + Decimal("2.03") + Decimal("2.06") + Decimal("2.07")
                      + Decimal("4.01"),)]  # fmt: skip
