"""The Azure exports look like an enterprise agreement's and are a pair."""

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
from read_exports import azure_manifests, azure_newest_manifests, azure_rows, decimal

COMMITTED = ("Reservation", "SavingsPlan")


def monthly(directory: Path, export: str) -> dict[str, list[dict[str, str]]]:
    return {month: azure_rows(manifest) for month, manifest in azure_newest_manifests(directory, export).items()}


@pytest.mark.parametrize("export", ["actual", "amortized"])
def test_manifests_tell_the_true_sizes_and_row_counts_of_exactly_their_files(directory: Path, export: str):
    manifests = azure_manifests(directory, export)

    assert len(manifests) == 3
    for path in manifests:
        manifest = json.loads(path.read_text())
        container = path.parents[5]
        blobs = {blob["blobName"]: blob for blob in manifest["blobs"]}
        files = {str(file.relative_to(container)) for file in path.parent.iterdir() if file.name != "manifest.json"}
        assert files == set(blobs)
        for name, blob in blobs.items():
            data = (container / name).read_bytes()
            assert len(data) == blob["byteCount"]
            assert len(list(csv.reader(gzip.decompress(data).decode().splitlines()))) == blob["dataRowCount"] + 1
        assert manifest["byteCount"] == sum(blob["byteCount"] for blob in blobs.values())
        assert manifest["dataRowCount"] == sum(blob["dataRowCount"] for blob in blobs.values())
        assert manifest["blobCount"] == len(blobs)
        assert manifest["runInfo"]["runId"] == path.parent.name


def test_the_header_is_that_of_a_real_enterprise_agreement_file(directory: Path, reference_data: Path):
    real = reference_data / "exports/azure/finops_toolkit/EA_ActualCost_Small.csv"
    manifest = azure_manifests(directory, "actual")[0]
    first = manifest.parents[5] / json.loads(manifest.read_text())["blobs"][0]["blobName"]

    assert gzip.decompress(first.read_bytes()).split(b"\n")[0] == real.read_bytes().splitlines()[0]


def test_actual_and_amortized_agree_on_everything_but_commitments(directory: Path):
    actual, amortized = monthly(directory, "actual"), monthly(directory, "amortized")

    assert actual.keys() == amortized.keys() == {"20260901-20260930", "20261001-20261031"}
    for month in actual:
        on_demand = [
            sorted(
                (row["Date"], row["ResourceId"], row["MeterName"], row["AdditionalInfo"], row["Cost"])
                for row in rows[month]
                if row["PricingModel"] not in COMMITTED
            )
            for rows in (actual, amortized)
        ]
        assert on_demand[0] == on_demand[1]


def test_reserved_hours_cost_nothing_in_actual_and_their_rate_in_amortized(directory: Path):
    (actual, amortized) = (monthly(directory, export)["20261001-20261031"] for export in ("actual", "amortized"))
    used = [row for row in actual if row["PricingModel"] == "Reservation" and row["ChargeType"] == "Usage"]
    bought = [row for row in actual if row["ChargeType"] == "Purchase"]
    spread = [row for row in amortized if row["PricingModel"] == "Reservation"]

    assert used
    assert {row["Cost"] for row in used} == {"0"}
    assert len(bought) == 1
    assert {row["ChargeType"] for row in spread} == {"Usage", "UnusedReservation"}
    # two machines, 31 days: what was not used was paid for all the same
    assert sum(decimal(row["Quantity"]) for row in spread) == 2 * 31 * 24
    assert sum(decimal(row["Cost"]) for row in spread) == 2 * 31 * 24 * Decimal("58.25")


def test_one_row_has_no_subscription_and_tags_have_no_braces(directory: Path):
    rows = monthly(directory, "actual")["20261001-20261031"]
    without = [row for row in rows if not row["SubscriptionId"]]
    tagged = [row for row in rows if row["Tags"]]

    assert [row["ChargeType"] for row in without] == ["RoundingAdjustment"]
    assert all(row["Tags"].startswith('"') for row in tagged)
    assert all(isinstance(json.loads("{" + row["Tags"] + "}"), dict) for row in tagged)


def test_machines_name_their_size_in_additional_info(directory: Path):
    rows = monthly(directory, "amortized")["20261001-20261031"]
    sizes = {
        json.loads(row["AdditionalInfo"])["ServiceType"]
        for row in rows
        if "virtualMachineScaleSets" in row["ResourceId"]
    }

    assert sizes == {"Standard_ND96isr_H100_v5", "Standard_NC24ads_A100_v4", "Standard_D8ds_v5"}


def test_the_restated_month_has_a_later_run_with_other_amounts(directory: Path):
    first, second = (
        azure_rows(path) for path in azure_manifests(directory, "actual") if "20260901-20260930" in str(path)
    )

    assert len(second) == len(first) + 1
    assert sum(decimal(row["Cost"]) for row in first) < sum(decimal(row["Cost"]) for row in second)
