"""The legacy Cost and Usage Report: the newest manifest at the period, dialects of its columns, CSV as it comes."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
from export_writers import Company, LegacyExport, csv_bytes

ROW = {
    "identity/LineItemId": "a",
    "bill/PayerAccountId": "012345678901",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-10-01T00:00:00Z",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "1.5",
}
OCTOBER = "20261001-20261101"


def test_the_manifest_at_the_period_is_the_newest_and_copies_in_assembly_folders_are_not_read(
    company: Company, legacy: LegacyExport
):
    legacy.deliver(OCTOBER, csv_bytes([ROW] * 5), assembly="old")
    old = (legacy.root / OCTOBER / "finops-cur-Manifest.json").read_text()
    legacy.deliver(OCTOBER, csv_bytes([ROW] * 2), csv_bytes([ROW]), assembly="new")
    (legacy.root / OCTOBER / "old" / "finops-cur-Manifest.json").write_text(old)

    result = company.refresh("aws_cur1")

    assert (result.rows, result.failures) == (3, [])
    assert result.live[0].delivery_id.startswith("new-")
    [first, *_] = company.landed(result)
    assert first["bill/PayerAccountId"] == "012345678901", "the leading zero stays"
    assert first["x_file"] == f"reports/finops-cur/{OCTOBER}/new/finops-cur-00001.csv.gz"


def test_columns_in_the_underscore_spelling_are_read_as_well(company: Company, legacy: LegacyExport):
    row = {
        "bill_payer_account_id": "1",
        "line_item_line_item_type": "SavingsPlanCoveredUsage",
        "line_item_usage_start_date": "2026-10-01T00:00:00Z",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": "10",
        "savings_plan_savings_plan_effective_cost": "6.5E0",
    }
    legacy.deliver(OCTOBER, csv_bytes([row]))

    totals = {total.cost_basis: total.exact for total in company.refresh("aws_cur1").totals}

    assert totals == {"billed": Decimal(10), "effective": Decimal("6.5")}


def test_parts_with_different_columns_are_matched_by_name(company: Company, legacy: LegacyExport):
    tagged = {"resourceTags/user:team": "search"} | ROW
    legacy.deliver(OCTOBER, csv_bytes([ROW]), csv_bytes([tagged | {"lineItem/UnblendedCost": "2"}]))

    result = company.refresh("aws_cur1")

    assert [str(total) for total in result.totals] == ["3.5 USD billed", "3.5 USD effective"]
    assert [row.get("resourceTags/user:team") for row in company.landed(result)] == [None, "search"]


def test_columns_whose_names_differ_in_case_alone_are_both_landed(company: Company, legacy: LegacyExport):
    header = [*ROW, "resourceTags/user:Team", "resourceTags/user:team", ""]
    content = ",".join(header) + "\n" + ",".join([*ROW.values(), "A", "b", "c"]) + "\n"
    legacy.deliver(OCTOBER, content.encode())

    [row] = company.landed(company.refresh("aws_cur1"))

    assert (row["resourceTags/user:Team"], row["resourceTags/user:team_2"], row["column_9"]) == ("A", "b", "c")


def test_every_member_of_a_gzip_file_is_read(company: Company, legacy: LegacyExport):
    legacy.deliver(OCTOBER, csv_bytes([ROW]))
    [path] = legacy.root.rglob("*.csv.gz")
    header, line = csv_bytes([ROW]).splitlines(keepends=True)
    path.write_bytes(gzip.compress(header) + gzip.compress(line) + gzip.compress(line * 2))

    assert company.refresh("aws_cur1").rows == 3


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_breaks_commas_and_quotes_inside_a_text_are_kept(company: Company, legacy: LegacyExport, ending: str):
    text = 'Red Hat® "x", line 1\nline 2'
    row = ROW | {"lineItem/LineItemDescription": text}
    quoted = ",".join('"' + value.replace('"', '""') + '"' for value in row.values())
    legacy.deliver(OCTOBER, (",".join(row) + ending + quoted + ending + quoted + ending).encode())

    rows = company.landed(company.refresh("aws_cur1"))

    assert [(row["x_row"], row["lineItem/LineItemDescription"]) for row in rows] == [(1, text), (2, text)]


def test_rows_of_a_large_file_keep_their_number(company: Company, legacy: LegacyExport):
    rows = [ROW | {"identity/LineItemId": str(number)} for number in range(1, 60_001)]
    legacy.deliver(OCTOBER, csv_bytes(rows))

    landed = company.landed(company.refresh("aws_cur1"))

    assert all(row["x_row"] == int(row["identity/LineItemId"]) for row in landed)
    assert len(landed) == 60_000


@pytest.mark.parametrize(
    ("months", "manifest", "why"),
    [
        ("20261001-20261102", {}, "spans no calendar month"),
        ("20261002-20261101", {}, "spans no calendar month"),
        ("20261301-20270101", {}, "spans no calendar month"),
        (OCTOBER, {"reportKeys": None}, "has no list reportKeys"),
        (OCTOBER, {"reportKeys": [1]}, "has no list reportKeys"),
        (OCTOBER, {"billingPeriod": {"start": "20260901T000000.000Z"}}, "expected 2026-10"),
        (OCTOBER, {"reportKeys": ["reports/finops-cur/20260901-20261001/x.csv.gz"]}, f"not in {OCTOBER}/"),
        (OCTOBER, {"reportKeys": [f"reports/finops-cur/{OCTOBER}/x.orc"]}, "neither CSV nor Parquet"),
        (OCTOBER, {"reportKeys": ["reports/finops-cur/finops-cur/year=2026/month=9/x.parquet"]}, f"not in {OCTOBER}/"),
        (
            OCTOBER,
            {"reportKeys": [f"reports/finops-cur/{OCTOBER}/{assembly}/x.csv.gz" for assembly in ("a", "b")]},
            "files of several assemblies",
        ),
        (OCTOBER, {"reportKeys": ["/etc/passwd"]}, "not a plain key"),
        (OCTOBER, {"reportKeys": [f"reports/finops-cur/{OCTOBER}/../../x.csv"]}, "not a plain key"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(
    company: Company, legacy: LegacyExport, months: str, manifest: dict, why: str
):
    legacy.deliver(months, csv_bytes([ROW]), **manifest)

    result = company.refresh("aws_cur1")

    [failure] = result.failures
    assert why in str(failure)
    assert "finops-cur-Manifest.json" in str(failure)
    assert result.opened == []


def test_december_ends_in_the_next_year(company: Company, legacy: LegacyExport):
    legacy.deliver("20251201-20260101", csv_bytes([ROW]))

    assert [delivery.billing_period for delivery in company.refresh("aws_cur1").live] == ["2025-12"]


def test_a_report_may_stand_at_the_top_of_its_bucket(company: Company, tmp_path: Path):
    root = tmp_path / "bucket" / "cur"
    data = root / OCTOBER / "x.csv"
    data.parent.mkdir(parents=True)
    data.write_bytes(csv_bytes([ROW]))
    (root / OCTOBER / "cur-Manifest.json").write_text(json.dumps({"reportKeys": [f"cur/{OCTOBER}/x.csv"]}))
    company.add("aws", "cur1", root)

    assert company.refresh("aws_cur1").rows == 1


def test_the_keys_of_a_report_without_prefix_begin_with_a_slash(company: Company, tmp_path: Path):
    root = tmp_path / "bucket" / "cur"
    data = root / OCTOBER / "x.csv"
    data.parent.mkdir(parents=True)
    data.write_bytes(csv_bytes([ROW]))
    (root / OCTOBER / "cur-Manifest.json").write_text(json.dumps({"reportKeys": [f"/cur/{OCTOBER}/x.csv"]}))
    company.add("aws", "cur1", root)

    result = company.refresh("aws_cur1")

    assert (result.failures, result.rows) == ([], 1)
