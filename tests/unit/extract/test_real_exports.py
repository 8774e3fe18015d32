"""Bills that no one here wrote: their money must come out exact to the last of their digits.

The files stand beside the checkout on machines that have them; elsewhere these tests are skipped.
"""

import csv
import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from export_writers import AzureExport, Company

EXPORTS = Path(__file__).resolve().parents[4] / "shared" / "reference" / "data" / "exports"

pytestmark = pytest.mark.skipif(not EXPORTS.is_dir(), reason=f"the real exports are not at {EXPORTS}")


def exact_sum(amounts: list[str]) -> Decimal:
    with localcontext(prec=200):
        return sum((Decimal(amount) for amount in amounts if amount), Decimal(0))


def test_the_real_legacy_cur_is_landed_with_every_digit_of_its_money(company: Company, tmp_path: Path):
    content = gzip.decompress((EXPORTS / "aws" / "focus_converters_legacy_cur_anonymised.csv.gz").read_bytes())
    lines = list(csv.DictReader(content.decode().splitlines()))
    assert len(lines) == 1281
    root = tmp_path / "acme-billing" / "reports" / "anonymised"
    data = root / "20231101-20231201" / "20231203T000000Z" / "anonymised-00001.csv.gz"
    data.parent.mkdir(parents=True)
    data.write_bytes(gzip.compress(content))
    key = f"reports/anonymised/{data.relative_to(root).as_posix()}"
    manifest = {"assemblyId": "20231203T000000Z", "bucket": "acme-billing", "reportKeys": [key]}
    (root / "20231101-20231201" / "anonymised-Manifest.json").write_text(json.dumps(manifest))
    company.add("aws", "cur1", root)

    result = company.refresh("aws_cur1", now=datetime(2023, 12, 4, tzinfo=UTC))

    assert not result.failures
    assert result.rows == 1281
    expected = exact_sum([line["lineItem/UnblendedCost"] for line in lines])
    # Neither a reservation nor a savings plan is on this bill: effective is billed.
    assert {total.cost_basis: total.exact for total in result.totals} == {"billed": expected, "effective": expected}
    assert [row["lineItem/UnblendedCost"] for row in company.landed(result)] == [
        line["lineItem/UnblendedCost"] for line in lines
    ]
    assert sum("E-" in line["lineItem/UnblendedCost"] for line in lines) == 681


@pytest.mark.parametrize(
    ("file", "kind", "basis"),
    [("EA_ActualCost_Small.csv", "ActualCost", "billed"), ("EA_AmortizedCost_Small.csv", "AmortizedCost", "effective")],
)
def test_a_real_azure_ea_file_is_landed_with_every_digit_of_its_money(
    company: Company, tmp_path: Path, file: str, kind: str, basis: str
):
    source = EXPORTS / "azure" / "finops_toolkit" / file
    with source.open(encoding="utf-8-sig", newline="") as text:
        lines = list(csv.DictReader(text))
    export = AzureExport(tmp_path)
    manifest_path = export.deliver("2023-09", kind=kind, submitted="2023-10-03T04:00:00.1234567Z")
    blob = manifest_path.parent / "part_0_0001.csv"
    blob.write_bytes(source.read_bytes())
    manifest = json.loads(manifest_path.read_text())
    name = blob.relative_to(export.container).as_posix()
    manifest["blobs"] = [{"blobName": name, "byteCount": blob.stat().st_size, "dataRowCount": len(lines)}]
    manifest |= {"blobCount": 1, "dataRowCount": len(lines), "byteCount": blob.stat().st_size}
    manifest_path.write_text(json.dumps(manifest))
    company.add("azure", "cost_details", export.root)

    result = company.refresh("azure_cost_details", now=datetime(2023, 10, 4, tzinfo=UTC))

    assert not result.failures
    [total] = result.totals
    assert (total.cost_basis, total.billing_currency) == (basis, "USD")
    assert total.exact == exact_sum([line["Cost"] for line in lines])
    landed = company.landed(result)
    assert [row["Cost"] for row in landed] == [line["Cost"] for line in lines]
    assert [row["x_row"] for row in landed] == list(range(1, len(lines) + 1))
    assert {row["x_export_type"] for row in landed} == {kind}


def test_a_real_legacy_month_of_two_manifests_takes_the_newest_at_the_period(company: Company):
    company.add("aws", "cur1", EXPORTS / "aws" / "nise_legacy_cur_month_gpu" / "exports" / "cur")

    result = company.refresh("aws_cur1", now=datetime(2026, 11, 3, tzinfo=UTC))

    assert not result.failures
    october, november = result.live
    assert (october.billing_period, november.billing_period) == ("2026-10", "2026-11")
    assert october.rows > 1000
    assert (november.rows, november.totals) == (0, ())
    data = EXPORTS / "aws" / "nise_legacy_cur_month_gpu" / "exports" / "cur" / october.files[0].name.split("cur/", 1)[1]
    with gzip.open(data, "rt", newline="") as text:
        costs = [line["lineItem/UnblendedCost"] for line in csv.DictReader(text)]
    assert {total.exact for total in result.totals if total.cost_basis == "billed"} == {exact_sum(costs)}
