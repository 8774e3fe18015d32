"""FOCUS files of any vendor: a month's folder is the delivery, and no file is left out without a word."""

import gzip
import os
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from export_writers import Company, csv_bytes, write_parquet

ROW = {
    "BilledCost": "1.25",
    "EffectiveCost": "1.00",
    "BillingCurrency": "usd",
    "ChargePeriodStart": "2026-10-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "Tags": '{"team": "research"}',
}


@pytest.fixture
def vendor(company: Company) -> Path:
    folder = company.folder / "gpu-cloud"
    folder.mkdir()
    company.add("other", "focus", folder, vendor="GPU Cloud")
    return folder


def put(path: Path, *rows: dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = csv_bytes(list(rows))
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def totals(company: Company) -> dict[str, Decimal]:
    return {f"{t.billing_currency} {t.cost_basis}": t.exact for t in company.refresh("other_focus").totals}


def test_all_files_of_a_months_folder_are_its_delivery(company: Company, vendor: Path):
    put(vendor / "2026-09/a.csv", ROW)
    put(vendor / "billing_period=2026-10/one.csv.gz", ROW, ROW | {"BilledCost": "NULL", "EffectiveCost": "5.03e-09"})
    schema = pa.schema(
        [(name, pa.string()) for name in ROW if name not in ("BilledCost", "Tags")]
        + [("BilledCost", pa.float64()), ("Tags", pa.map_(pa.string(), pa.string()))]
    )
    native = ROW | {"BilledCost": 2.5, "Tags": [("team", "vision")]}
    write_parquet(vendor / "billing_period=2026-10/sub/two.parquet", [native], schema)
    (vendor / "billing_period=2026-10/_SUCCESS").touch()

    result = company.refresh("other_focus")

    assert not result.failures
    assert [(d.billing_period, d.rows) for d in result.live] == [("2026-09", 1), ("2026-10", 3)]
    assert totals(company) == {"USD billed": Decimal("5"), "USD effective": Decimal("3.00000000503")}


def test_a_month_is_landed_again_when_a_file_came_went_or_changed_and_not_when_it_was_touched(
    company: Company, vendor: Path
):
    first = put(vendor / "2026-10/a.csv", ROW)
    assert len(company.refresh("other_focus").landed) == 1
    os.utime(first, (0, 0))
    assert not company.refresh("other_focus").landed

    put(first, ROW | {"BilledCost": "9.75"})  # of the same size
    assert totals(company)["USD billed"] == Decimal("9.75")
    put(vendor / "2026-10/b.csv", ROW)
    assert totals(company)["USD billed"] == Decimal("11.00")
    first.unlink()
    assert totals(company)["USD billed"] == Decimal("1.25")


def test_a_folder_copied_elsewhere_is_the_same_delivery(company: Company, vendor: Path):
    put(vendor / "2026-10/a.csv", ROW)
    [before] = company.refresh("other_focus").live
    moved = company.folder / "elsewhere"
    shutil.copytree(vendor, moved)
    company.sources.clear()
    company.add("other", "focus", moved, vendor="GPU Cloud")

    assert company.refresh("other_focus").live[0].delivery_id == before.delivery_id


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("loose.csv", "loose.csv is in no month's folder"),
        ("2026-13/a.csv", "a.csv is in no month's folder"),
        ("2026-10/a.xlsx", "a.xlsx is no FOCUS file that is read; supported: .parquet, .csv, .csv.gz"),
        ("billing_period=2026-10/a.csv", "has two folders of this month: 2026-10 and billing_period=2026-10"),
    ],
)
def test_what_could_be_money_is_never_left_out_unsaid(company: Company, vendor: Path, file: str, told: str):
    put(vendor / "2026-09/a.csv", ROW)
    put(vendor / "2026-10/first.csv", ROW)
    put(vendor / file, ROW)

    result = company.refresh("other_focus")

    [failure] = result.failures
    assert told in str(failure)
    assert "2026-09" in [d.billing_period for d in result.live]  # another month is not held up


def test_a_copy_of_a_file_in_a_months_folder_is_refused_and_the_month_before_it_stays(company: Company, vendor: Path):
    put(vendor / "2026-10/invoice.csv", ROW)
    put(vendor / "2026-09/invoice.csv", ROW)
    assert totals(company)["USD billed"] == Decimal("2.50")
    copy = put(vendor / "2026-10/invoice (1).csv", ROW)

    result = company.refresh("other_focus")

    assert "2026-10: 2026-10/invoice.csv, named by " in str(result.failures[0])
    assert "has the same 1 row as 2026-10/invoice (1).csv, which would count twice" in str(result.failures[0])
    assert result.totals[0].exact == Decimal("2.50")

    copy.unlink()
    assert totals(company)["USD billed"] == Decimal("2.50")


@pytest.mark.parametrize("ending", ["csv.gz", "parquet"])
def test_a_file_in_two_formats_is_refused(company: Company, vendor: Path, ending: str):
    put(vendor / "2026-10/a.csv", ROW, ROW)
    if ending == "parquet":
        write_parquet(vendor / "2026-10/a.parquet", [ROW, ROW])
    else:
        put(vendor / "2026-10/a.csv.gz", ROW, ROW)

    [failure] = company.refresh("other_focus").failures

    assert f"2026-10/a.{ending}, named by " in str(failure)
    assert "has the same 2 rows as 2026-10/a.csv, which would count twice" in str(failure)


def test_files_with_a_header_alone_are_no_copies_of_each_other(company: Company, vendor: Path):
    header = (",".join(ROW) + "\n").encode()
    put(vendor / "2026-10/a.csv", ROW)
    (vendor / "2026-10/b.csv").write_bytes(header)
    (vendor / "2026-10/c.csv").write_bytes(header)

    assert totals(company)["USD billed"] == Decimal("1.25")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"),
        ("2026-09-01T07:00:00Z", "2026-10-01T07:00:00Z"),
        ("2026-11-01", "2026-12-01"),
    ],
)
def test_charges_of_another_month_than_their_folder_are_refused(company: Company, vendor: Path, start: str, end: str):
    october = ROW | {"BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z"}
    put(vendor / "2026-10/all months.csv", october, october | {"BillingPeriodStart": start, "BillingPeriodEnd": end})

    [failure] = company.refresh("other_focus").failures

    assert "2026-10: 1 of 2 rows were billed for another month than their folder's" in str(failure)
    assert f"such as 2026-10/all months.csv, row 2: BillingPeriodStart is {start[:10]}. Leave in" in str(failure)


def test_a_single_row_of_another_month_strays_and_stops_nothing(company: Company, vendor: Path):
    october = ROW | {"BillingPeriodStart": "2026-10-01", "BillingPeriodEnd": "2026-11-01"}
    september = ROW | {"BillingPeriodStart": "2026-09-01", "BillingPeriodEnd": "2026-10-01"}
    put(vendor / "2026-10/a.csv", *[october] * 19, september)

    assert totals(company)["USD billed"] == Decimal(25)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01", "2027-01-01"),
        ("2026-09-15", "2026-10-15"),
        ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        ("2026-10-01", "2026-10-02"),
        ("2026-10-31", "2026-11-01"),
        ("2026-10-01T00:00:00Z", ""),
        ("NULL", "NULL"),
        ("10/01/2026", "11/01/2026"),
    ],
)
def test_a_billing_period_that_overlaps_the_month_is_one_of_it(company: Company, vendor: Path, start: str, end: str):
    put(vendor / "2026-10/a.csv", ROW | {"BillingPeriodStart": start, "BillingPeriodEnd": end})

    assert totals(company)["USD billed"] == Decimal("1.25")


def test_a_file_without_a_focus_cost_is_refused(company: Company, vendor: Path):
    put(vendor / "2026-10/a.csv", {name: value for name, value in ROW.items() if name != "EffectiveCost"})

    [failure] = company.refresh("other_focus").failures
    assert "has no column EffectiveCost" in str(failure)


def test_an_amount_that_is_no_number_is_told_with_file_row_and_column(company: Company, vendor: Path):
    put(vendor / "2026-10/a.csv", ROW, ROW | {"BilledCost": "1,25"})

    [failure] = company.refresh("other_focus").failures
    assert "2026-10/a.csv, row 2: BilledCost is '1,25'" in str(failure)
