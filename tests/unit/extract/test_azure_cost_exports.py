"""Azure cost exports: which run counts, dialects of the manifest, and CSV as Azure writes it."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from export_writers import AZURE_ROW, AzureExport, Company, csv_bytes

RUNS = [f"11111111-aaaa-4bbb-8ccc-00000000000{n}" for n in range(5)]


def costs(company: Company, *amounts: str) -> list[dict]:
    return [AZURE_ROW | {"Cost": amount} for amount in amounts]


def test_of_several_runs_the_one_submitted_last_counts_wherever_its_folder_stands(company: Company, azure: AzureExport):
    azure.deliver("2026-10", costs(company, "1", "2", "3"), run=RUNS[1], submitted="2026-10-19T04:00:00.2Z")
    azure.deliver("2026-10", costs(company, "1"), run=RUNS[2], submitted="2026-10-18T04:00:00.9Z")
    azure.deliver("2026-10", costs(company, "1", "2"), run=RUNS[0], submitted="2026-10-19T04:00:00.1999999Z")

    result = company.refresh("azure_cost_details")

    [delivery] = result.live
    assert delivery.rows == 3
    assert delivery.delivery_id.startswith(RUNS[1])
    assert delivery.submitted_at == datetime(2026, 10, 19, 4, 0, 0, 200000)


def test_runs_submitted_at_the_same_instant_are_told_apart_by_their_id(company: Company, azure: AzureExport):
    for run in (RUNS[3], RUNS[4], RUNS[2]):
        azure.deliver("2026-10", costs(company, "1"), run=run)

    [delivery] = company.refresh("azure_cost_details").live

    assert delivery.delivery_id.startswith(RUNS[4])


def test_the_hidden_second_run_of_the_first_days_restates_the_month_before(company: Company, azure: AzureExport):
    azure.deliver("2026-09", costs(company, "1"), run=RUNS[0], submitted="2026-09-30T04:00:00Z")
    azure.deliver("2026-10", costs(company, "5"), run=RUNS[1], submitted="2026-10-02T04:00:00Z")
    company.refresh("azure_cost_details")
    azure.deliver("2026-09", costs(company, "1", "0.5"), run=RUNS[2], submitted="2026-10-02T05:00:00Z")

    result = company.refresh("azure_cost_details")

    assert [delivery.billing_period for delivery in result.landed] == ["2026-09"]
    assert [str(total) for total in result.totals] == ["6.5 USD billed"]


def test_actual_and_amortized_runs_are_two_deliveries_of_a_month_each_with_its_own_total(company: Company):
    actual, amortized = AzureExport(company.folder, "actual"), AzureExport(company.folder, "amortized")
    company.add("azure", "cost_details", actual.root, amortized_uri=f"file://{amortized.root}")
    actual.deliver("2026-10", costs(company, "100"))
    amortized.deliver("2026-10", costs(company, "3.5"), kind="AmortizedCost", run=RUNS[3])

    result = company.refresh("azure_cost_details")

    assert [(delivery.variant, delivery.billing_period) for delivery in result.live] == [
        ("ActualCost", "2026-10"),
        ("AmortizedCost", "2026-10"),
    ]
    assert [str(total) for total in result.totals] == ["100 USD billed", "3.5 USD effective"]
    assert {(row["x_export_type"], row["Cost"]) for row in company.landed(result)} == {
        ("ActualCost", "100"),
        ("AmortizedCost", "3.5"),
    }
    assert {row["x_submitted_at"] for row in company.landed(result)} == {datetime(2026, 10, 19, 4, 0, 0, 123456)}


def test_a_month_with_only_one_of_its_two_exports_is_told_as_not_delivered(company: Company):
    actual, amortized = AzureExport(company.folder, "actual"), AzureExport(company.folder, "amortized")
    company.add("azure", "cost_details", actual.root, amortized_uri=f"file://{amortized.root}")
    actual.deliver("2026-10", costs(company, "100"))

    result = company.refresh("azure_cost_details")

    assert [message.split(";")[0] for message in result.not_delivered] == [
        "payer 2026-10 AmortizedCost: not delivered yet"
    ]


@pytest.mark.parametrize("name", ["manifest.json", "_manifest.json"])
def test_both_names_of_the_manifest_are_known(company: Company, azure: AzureExport, name: str):
    azure.deliver("2026-10", costs(company, "1"), manifest_name=name)

    assert company.refresh("azure_cost_details").rows == 1


@pytest.mark.parametrize("told", [0, None, "absent"])
def test_a_row_count_of_zero_or_null_or_none_at_all_means_that_azure_did_not_count(
    company: Company, azure: AzureExport, told: int | str | None
):
    manifest = azure.deliver("2026-10", costs(company, "1", "2"))
    content = json.loads(manifest.read_text())
    for part in (content, content["blobs"][0]):
        for count in ("dataRowCount", "byteCount"):
            part[count] = told
            if told == "absent":
                del part[count]
    manifest.write_text(json.dumps(content))

    result = company.refresh("azure_cost_details")

    assert (result.rows, result.failures) == (2, [])


def test_a_run_without_rows_is_landed_empty(company: Company, azure: AzureExport):
    azure.deliver("2026-10", [])

    [delivery] = company.refresh("azure_cost_details").live

    assert (delivery.rows, delivery.totals) == (0, ())


def test_both_byte_order_marks_are_taken_off(company: Company, azure: AzureExport):
    manifest = azure.deliver("2026-10", costs(company, "1"))
    content = json.loads(manifest.read_text())
    part = manifest.parent / "part_0_0001.csv"
    header, first, *_ = csv_bytes(costs(company, "1")).splitlines(keepends=True)
    part.write_bytes(b"\xef\xbb\xbf" + header + b"\xef\xbb\xbf" + first)
    name = part.relative_to(azure.container).as_posix()
    manifest.write_text(json.dumps(content | {"blobs": [{"blobName": name}]}))

    [row] = company.landed(company.refresh("azure_cost_details"))

    assert (row["BillingAccountId"], row["x_row"]) == ("8611537", 1)


def test_texts_are_landed_as_written(company: Company, azure: AzureExport):
    written = {
        "BillingAccountId": "0086115",
        "Tags": '"a": "1, 2",\n"b": "x"',
        "MeterCategory": " Flash ",
        "ChargeType": "NULL",
        "Quantity": "5.64902E-05",
    }
    azure.deliver("2026-10", [AZURE_ROW | written, AZURE_ROW])

    rows = company.landed(company.refresh("azure_cost_details"))

    assert {name: rows[0][name] for name in written} == written
    assert [row["x_row"] for row in rows] == [1, 2], "a line break inside quotes is no new row"


def test_cost_in_the_billing_currency_is_the_money_of_an_mca_export(company: Company, azure: AzureExport):
    row = {
        "date": "10/01/2026",
        "meterCategory": "Storage",
        "billingCurrency": "eur",
        "costInBillingCurrency": "1.5",
        "costInUsd": "2",
        "cost": "7",
    }
    azure.deliver("2026-10", [row])

    result = company.refresh("azure_cost_details")

    assert [str(total) for total in result.totals] == ["1.5 EUR billed"]


def test_amounts_with_24_decimals_keep_every_digit(company: Company, azure: AzureExport):
    azure.deliver("2026-10", costs(company, "0.123456789012345678901234", "15.000000000000000000490001"))

    [delivery] = company.refresh("azure_cost_details").live

    [total] = delivery.totals
    assert total.raw_cost == Decimal("15.123456789012345679")
    assert total.beyond_scale == Decimal("-0.000000000000000000098766") + Decimal("0.000000000000000000490001")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"manifestVersion": "2019-10-01"}, "manifestVersion '2019-10-01', which is not read yet by this version"),
        ({"exportConfig": {"type": "FocusCost"}}, "is of type 'FocusCost'; expected ActualCost or AmortizedCost"),
        ({"runInfo": {"runId": "x"}}, "no runInfo with runId and submittedTime"),
        ({"blobs": None}, "has no list blobs"),
        ({"blobs": [{"byteCount": 1}], "blobCount": 1}, "without blobName"),
        ({"blobCount": 3}, "says blobCount 3 and names 1 blobs"),
        ({"blobs": [{"blobName": "exports/actual/../../x.csv"}]}, "not a plain key"),
        ({"blobs": [{"blobName": "exports/another/x.csv"}]}, "not in the export's folder"),
        ({"blobs": [{"blobName": "https://acme.blob.core.windows.net/billing/x.csv?sig=1"}]}, "no manifest may name"),
        ({"blobs": [{"blobName": "exports/actual/x.xlsx"}]}, "is neither CSV nor Parquet"),
        ({"blobs": [{"blobName": "exports/actual/x.csv", "headerRowCount": 0}]}, "0 header rows; expected 1"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(company: Company, azure: AzureExport, change: dict, why: str):
    azure.deliver("2026-10", costs(company, "1"), **change)

    result = company.refresh("azure_cost_details")

    [failure] = result.failures
    assert why in str(failure)
    assert "manifest.json" in str(failure)
    assert result.opened == []


@pytest.mark.parametrize(
    ("start", "end", "period"),
    [
        ("2026-10-01T00:00:00", "2026-10-31T00:00:00Z", "2026-10"),
        ("2026-10-01T00:00:00", "2026-11-01T00:00:00+00:00", "2026-10"),
        ("2026-12-01T00:00:00", "2026-12-01T00:00:00Z", "2026-12"),
        ("2026-12-01", "2027-01-01", "2026-12"),
        ("2026-10-01T00:00:00", "2026-11-02T00:00:00Z", None),
        ("2026-10-09T00:00:00", "2026-10-01T00:00:00Z", None),
        ("2026-10-05T00:00:00", "2026-10-11T00:00:00Z", None),
        ("9999-12-01T00:00:00", "9999-12-31T00:00:00Z", "9999-12"),
        ("soon", "2026-10-01T00:00:00Z", None),
    ],
)
def test_a_run_belongs_to_the_one_month_its_dates_are_in(
    company: Company, azure: AzureExport, start: str, end: str, period: str | None
):
    run = {"runId": RUNS[0], "submittedTime": "2026-10-19T04:00:00Z", "startDate": start, "endDate": end}
    azure.deliver("2026-10", costs(company, "1"), runInfo=run)

    result = company.refresh("azure_cost_details")

    assert [delivery.billing_period for delivery in result.live] == ([period] if period else [])
    assert bool(result.failures) == (period is None)
