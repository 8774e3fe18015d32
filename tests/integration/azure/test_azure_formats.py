"""Azure cost files in every format and dialect that is about, landed from Blob Storage: no digit and no row is lost."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from azure_company import BlobCompany
from azure_deliveries import costs, deliver_files, gzipped, parquet, run_id
from export_writers import AZURE_ROW, AzureExport, csv_bytes

from finops_pipeline.extract.refresh import ExtractResult

BOM = b"\xef\xbb\xbf"


def exact_sum(amounts: list[str]) -> Decimal:
    with localcontext(prec=200):
        return sum((Decimal(amount) for amount in amounts if amount), Decimal(0))


def land(company: BlobCompany, export: AzureExport, files: dict[str, bytes], **more: Any) -> ExtractResult:
    deliver_files(export, "2026-10", files, **more)
    company.deliver()
    result = company.refreshed()
    assert not result.failures
    return result


@pytest.mark.parametrize("compression", ["snappy", "brotli", "zstd", "none"])
def test_parquet_parts_are_landed_with_every_digit(company: BlobCompany, azure: AzureExport, compression: str):
    amounts = [0.1, 5.64902e-05, -3.25, 1234567.89, 0.30000000000000004]
    rows = [AZURE_ROW | {"Cost": amount, "Date": datetime(2026, 10, 1), "IsAzureCreditEligible": True}
            for amount in amounts]  # fmt: skip
    result = land(
        company, azure, {f"part_{n}_0001.{compression}.parquet": parquet(rows, compression) for n in range(2)}
    )

    assert result.rows == 10
    [total] = result.totals
    assert total.exact == 2 * exact_sum([repr(amount) for amount in amounts])


def test_a_month_may_come_as_csv_and_the_next_as_parquet_with_decimals(company: BlobCompany, azure: AzureExport):
    deliver_files(azure, "2026-09", {"part_0_0001.csv": csv_bytes(costs("0.10"))}, submitted="2026-10-03T04:00:00Z")
    rows = [AZURE_ROW | {"Cost": Decimal("0.000000000000000001")}]
    content = parquet(rows, "snappy", Cost=pa.decimal128(38, 18))
    deliver_files(azure, "2026-10", {"part_0_0001.snappy.parquet": content})
    company.deliver()

    result = company.refreshed()

    assert [str(total) for total in result.totals] == ["0.100000000000000001 USD billed"]


def test_parts_of_one_run_may_be_compressed_or_not(company: BlobCompany, azure: AzureExport):
    files = {"part_0_0001.csv": csv_bytes(costs("1")), "part_1_0001.csv.gz": gzipped(costs("2"))}

    assert land(company, azure, files).rows == 2


@pytest.mark.parametrize("marks", [(b"", b""), (BOM, b""), (BOM, BOM), (BOM + BOM, b"")])
def test_byte_order_marks_are_no_part_of_a_name_or_a_value(
    company: BlobCompany, azure: AzureExport, marks: tuple[bytes, bytes]
):
    """P7."""
    header, first = csv_bytes(costs("1")).splitlines(keepends=True)
    result = land(company, azure, {"part_0_0001.csv": marks[0] + header + marks[1] + first})

    [row] = company.landed(result)
    assert next(iter(row)) == "BillingAccountId"
    assert row["BillingAccountId"] == "8611537"


def test_localized_headers_are_read_by_the_english_name_in_brackets(company: BlobCompany, azure: AzureExport):
    """P7."""
    german = {
        "Abrechnungskonto-ID (BillingAccountId)": "8611537",
        "Abonnement-GUID (SubscriptionGuid)": "0039de71",
        "Datum (Date)": "10/01/2026",
        "Kategorie der Verbrauchseinheit (MeterCategory)": "Virtual Machines",
        "Kosten (Cost)": "3.25",
        "Abrechnungswährung ( BillingCurrency )": "EUR",
        "Tags": '"team": "search"',
    }
    result = land(company, azure, {"part_0_0001.csv": BOM + csv_bytes([german])})

    assert [str(total) for total in result.totals] == ["3.25 EUR billed"]
    [row] = company.landed(result)
    assert list(row)[:7] == ["BillingAccountId", "SubscriptionGuid", "Date", "MeterCategory", "Cost", "BillingCurrency",
                             "Tags"]  # fmt: skip
    assert row["SubscriptionGuid"] == "0039de71"


def test_a_localized_name_never_takes_the_place_of_a_delivered_column(company: BlobCompany, azure: AzureExport):
    row = AZURE_ROW | {"Kosten (Cost)": "99", "Kosten (CostInUsd)": "4", "Betrag (CostInUsd)": "5"}
    result = land(company, azure, {"part_0_0001.csv": csv_bytes([row])})

    [landed] = company.landed(result)
    assert (landed["Cost"], landed["Kosten (Cost)"]) == ("3.25", "99")
    assert (landed["CostInUsd"], landed["Betrag (CostInUsd)"]) == ("4", "5")
    assert [str(total) for total in result.totals] == ["3.25 USD billed"]


def test_tags_in_every_state_keep_their_row_and_their_text(company: BlobCompany, azure: AzureExport):
    """P9: what they mean is staging's business; none may cost a row."""
    many = ",".join(f'"key-{number}": "{number}"' for number in range(500))
    tags = ['"a": "1","b": "x: y"', '{"a": "1"}', '"a": "1",', '"a": "1","a": "2"', '"org": "1"," org": "2"',
            '{"broken', "NULL", "", "a:b:", f"{{{many}}}", '"line\nbreak": "1"']  # fmt: skip
    result = land(company, azure, {"part_0_0001.csv.gz": gzipped([AZURE_ROW | {"Tags": text} for text in tags])})

    assert [row["Tags"] or "" for row in company.landed(result)] == tags
    assert [str(total) for total in result.totals] == [f"{3.25 * len(tags)} USD billed"]


def test_ids_are_landed_as_written(company: BlobCompany, azure: AzureExport):
    """P27."""
    ids = {
        "BillingAccountId": "0086115",
        "SubscriptionId": "00000000-0000-0000-0000-000000000000",
        "ResourceId": "/Subscriptions/ABC/resourcegroups/Rg/providers/Microsoft.Compute/virtualMachines/VM",
        "InvoiceSectionId": "1E5",
        "PartNumber": "007",
    }
    rows = [AZURE_ROW | ids, AZURE_ROW | dict.fromkeys(ids, "")]

    landed = company.landed(land(company, azure, {"part_0_0001.csv": csv_bytes(rows)}))

    assert {name: landed[0][name] for name in ids} == ids
    assert {name: landed[1][name] or "" for name in ids} == dict.fromkeys(ids, "")


def test_quoted_texts_of_any_kind_are_one_cell(company: BlobCompany, azure: AzureExport):
    """P28."""
    texts = ['Red Hat® Enterprise, 5 "cores"', "a|b|c", "two\r\nlines\n", "東京, 日本", "'; drop table x; --", "=1+1"]
    rows = [AZURE_ROW | {"MeterCategory": text} for text in texts]

    result = land(company, azure, {"part_0_0001.csv.gz": gzipped(rows)})

    assert [row["MeterCategory"] for row in company.landed(result)] == texts
    assert [row["x_row"] for row in company.landed(result)] == list(range(1, len(texts) + 1))


def test_equal_lines_both_count(company: BlobCompany, azure: AzureExport):
    assert land(company, azure, {"part_0_0001.csv": csv_bytes(costs("1.5", "1.5"))}).rows == 2


NISE = "nise_month/exp/daily/20261001-20261031"
REAL = {
    "finops_toolkit/EA_ActualCost_Small.csv": "Cost",
    "finops_toolkit/EA_AmortizedCost_Small.csv": "Cost",
    "koku/azure_version_2.csv": "CostInBillingCurrency",
    "koku/camel_azure_version_2.csv": "costInBillingCurrency",
    "koku/azure_camelCased.csv": "preTaxCost",
    "koku/costreport_a243c6f2-199f-4074-9a2c-40e671cf1584.csv": "PreTaxCost",
    "opencost_headersets/Enterprise.csv": "CostInBillingCurrency",
    f"{NISE}/costreport_dfea2818-d0f4-4727-b16f-ecbcaa506177.csv": "CostInBillingCurrency",
}


@pytest.mark.parametrize("file", REAL)
def test_real_files_of_every_dialect_are_landed_with_every_digit(
    company: BlobCompany, azure: AzureExport, reference_data: Path, file: str
):
    """P7: EA old and new, MCA in camelCase, pay-as-you-go; with and without byte order mark."""
    # One of the files was anonymised by hand, and has line ends of both kinds since.
    content = (reference_data / "exports" / "azure" / file).read_bytes().replace(b"\r\n", b"\n")
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))

    result = land(company, azure, {"part_0_0001.csv": content})

    assert lines
    landed = company.landed(result)
    assert [row[REAL[file]] or "" for row in landed] == [line[REAL[file]] for line in lines]
    assert sum(total.exact for total in result.totals) == exact_sum([line[REAL[file]] for line in lines])
    assert {total.cost_basis for total in result.totals} == {"billed"}


@pytest.mark.parametrize("file", ["finops_toolkit/EA_NoRows.csv", "koku/empty_frame.csv"])
def test_real_files_with_a_header_only_are_deliveries_without_rows(
    company: BlobCompany, azure: AzureExport, reference_data: Path, file: str
):
    """P12."""
    content = (reference_data / "exports" / "azure" / file).read_bytes()

    assert land(company, azure, {"part_0_0001.csv": content}).rows == 0


FOCUS_ROW = {
    "BilledCost": 1.5,
    "EffectiveCost": 1.25,
    "ListCost": 2.0,
    "ContractedCost": 1.5,
    "BillingAccountId": "/providers/Microsoft.Billing/billingAccounts/8611537",
    "BillingCurrency": "EUR",
    "BillingPeriodStart": datetime(2026, 10, 1, tzinfo=UTC),
    "BillingPeriodEnd": datetime(2026, 11, 1, tzinfo=UTC),
    "ChargeCategory": "Usage",
    "ChargePeriodStart": datetime(2026, 10, 2, tzinfo=UTC),
    "ChargePeriodEnd": datetime(2026, 10, 3, tzinfo=UTC),
    "ProviderName": "Microsoft",
    "ServiceCategory": "Compute",
    "ServiceName": "Virtual Machines",
    "Tags": '{"team": "search"}',
}


@pytest.mark.parametrize("ending", ["snappy.parquet", "csv.gz"])
def test_a_focus_export_is_landed_as_focus_whatever_stands_beside_it(company: BlobCompany, ending: str):
    company.add_az("exports", dataset="focus")
    AzureExport(company.folder, "actual").deliver("2026-10", costs("99"))
    export = AzureExport(company.folder, "focus")
    as_text = {name: value.isoformat() if isinstance(value, datetime) else str(value)
               for name, value in FOCUS_ROW.items()}  # fmt: skip
    content = parquet([FOCUS_ROW] * 2, "snappy") if ending == "snappy.parquet" else gzipped([as_text] * 2)
    deliver_files(export, "2026-10", {f"part_0_0001.{ending}": content}, kind="FocusCost", run=run_id(7))
    company.deliver()

    result = company.refresh("azure_focus")

    assert not result.failures
    assert [str(total) for total in result.totals] == ["3 EUR billed", "2.5 EUR effective"]
    assert [row["Tags"] for row in company.landed(result)] == ['{"team": "search"}'] * 2


def test_an_amount_written_the_german_way_is_refused_and_never_misread(company: BlobCompany, azure: AzureExport):
    deliver_files(azure, "2026-10", {"part_0_0001.csv": csv_bytes(costs("1.5", "3,25"))})
    company.deliver()

    [failure] = company.refresh("azure_cost_details", now=datetime(2026, 10, 20, tzinfo=UTC)).failures

    assert "part_0_0001.csv, row 2: Cost is '3,25'; expected a number" in str(failure)
