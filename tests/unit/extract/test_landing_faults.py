"""What a damaged or moving delivery does: it is refused by name, and what was landed before stays live."""

import errno
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from export_writers import (
    AZURE_ROW,
    AzureExport,
    Company,
    Cur2Export,
    LegacyExport,
    csv_bytes,
    cur2_rows,
    write_parquet,
)

from finops_pipeline.extract import landing
from finops_pipeline.extract.ledger import live_deliveries, read_deliveries

CUR1_ROW = {
    "bill/PayerAccountId": "012345678901",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-10-01T00:00:00Z",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "1.5",
    "lineItem/LineItemDescription": "x" * 200,
}


def refused(company: Company, table: str, *told: str) -> None:
    before = live_deliveries(company.landing)
    result = company.refresh(table)
    [failure] = result.failures
    for text in told:
        assert text in str(failure)
    assert "\n" not in str(failure)
    assert not result.landed
    assert live_deliveries(company.landing) == before
    leftovers = [path for path in company.landing.rglob(".landing-*")]
    assert leftovers == []


def test_a_manifest_that_names_a_missing_file_is_refused_and_the_month_before_stays(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(1.0), cur2_rows(2.0))
    missing = cur2.data_files()[1]
    missing.unlink()

    refused(
        company,
        "aws_cur2",
        "source payer: 2026-10: s3://acme-billing/cur2/finops-cur2/data/BILLING_PERIOD=2026-10/finops-cur2-00002",
        f"named by {cur2.manifest_path('2026-10')}, is missing",
        "Wait for the provider's next delivery, or restore the file",
    )


def test_a_truncated_parquet_file_is_refused(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(*range(1000)))
    path = cur2.data_files()[0]
    path.write_bytes(path.read_bytes()[:-40])

    refused(company, "aws_cur2", path.name, "finops-cur2-Manifest.json", "cannot be read")


def test_parquet_with_broken_pages_is_refused(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(*[number * 1.1 for number in range(5000)]))
    path = cur2.data_files()[0]
    content = bytearray(path.read_bytes())
    content[50:3000] = os.urandom(2950)
    path.write_bytes(bytes(content))

    refused(company, "aws_cur2", path.name, "cannot be read")


def test_a_truncated_gzip_file_is_refused(company: Company, legacy: LegacyExport):
    legacy.deliver(
        "20261001-20261101", csv_bytes([CUR1_ROW | {"lineItem/LineItemDescription": os.urandom(99).hex()}] * 999)
    )
    [path] = legacy.root.rglob("*.csv.gz")
    path.write_bytes(path.read_bytes()[:-100])

    refused(company, "aws_cur1", "finops-cur-00001.csv.gz", "cannot be read", "GZIP")


def test_a_file_that_is_no_gzip_is_refused(company: Company, legacy: LegacyExport):
    legacy.deliver("20261001-20261101", csv_bytes([CUR1_ROW]))
    [path] = legacy.root.rglob("*.csv.gz")
    path.write_bytes(gzip.decompress(path.read_bytes()))

    refused(company, "aws_cur1", "finops-cur-00001.csv.gz", "cannot be read")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_a_file_without_even_a_header_is_refused(company: Company, legacy: LegacyExport, content: bytes):
    legacy.deliver("20261001-20261101", content)

    refused(company, "aws_cur1", "finops-cur-00001.csv.gz", "is empty, without even a header")


@pytest.mark.parametrize(
    "line", [b"only one cell\n", b"a,b,c,d,e,f,g,h\n", b'1,"never closed\n', b"\xff\xfe,b,c,d,e,f\n"]
)
def test_a_malformed_line_is_refused_without_showing_its_content(company: Company, legacy: LegacyExport, line: bytes):
    legacy.deliver("20261001-20261101", csv_bytes([CUR1_ROW]) + line)

    refused(company, "aws_cur1", "finops-cur-00001.csv.gz", "Line: 3")
    assert "only one cell" not in str(company.refresh("aws_cur1").failures[0])


def test_an_azure_part_of_another_size_than_the_manifest_says_is_refused(company: Company, azure: AzureExport):
    manifest = azure.deliver("2026-10", [AZURE_ROW])
    [part] = manifest.parent.glob("part*")
    said = part.stat().st_size
    part.write_bytes(part.read_bytes() + b"x")

    refused(
        company,
        "azure_cost_details",
        "part_0_0001.csv.gz",
        f"has {said + 1} bytes; expected {said} bytes",
        "manifest.json",
    )


def test_a_manifest_may_count_a_compressed_part_before_or_after_compression(company: Company, azure: AzureExport):
    manifest = azure.deliver("2026-10", [AZURE_ROW] * 3)
    [part] = manifest.parent.glob("part*")
    unpacked = len(gzip.decompress(part.read_bytes()))
    manifest.write_text(manifest.read_text().replace(str(part.stat().st_size), str(unpacked)))

    result = company.refresh("azure_cost_details")

    assert (result.failures, result.rows) == ([], 3)


@pytest.mark.parametrize("level", ["blob", "run"])
def test_an_azure_row_count_that_is_not_what_the_manifest_says_is_refused(
    company: Company, azure: AzureExport, level: str
):
    manifest = azure.deliver("2026-10", [AZURE_ROW] * 3)
    content = json.loads(manifest.read_text())
    (content["blobs"][0] if level == "blob" else content)["dataRowCount"] = 4
    manifest.write_text(json.dumps(content))

    refused(company, "azure_cost_details", "3 rows; expected 4 rows", "manifest.json")


def test_an_amount_that_is_no_number_is_told_with_file_row_column_and_value(company: Company, legacy: LegacyExport):
    legacy.deliver("20261001-20261101", csv_bytes([CUR1_ROW, CUR1_ROW | {"lineItem/UnblendedCost": "1,5"}]))

    refused(
        company,
        "aws_cur1",
        "finops-cur-00001.csv.gz, row 2: lineItem/UnblendedCost is '1,5'; expected a number",
        "Manifest.json",
    )


def test_a_missing_amount_column_is_refused_by_name(company: Company, cur2: Cur2Export):
    rows = cur2_rows(1.0)
    del rows[0]["line_item_unblended_cost"]
    cur2.deliver("2026-10", rows)

    refused(company, "aws_cur2", "has no column line_item_unblended_cost", "Add the column to the export's query")


@pytest.mark.parametrize("name", ["x_row", "X_Source_Name", "file_row_number"])
def test_a_delivered_column_with_a_technical_name_is_refused(company: Company, cur2: Cur2Export, name: str):
    cur2.deliver("2026-10", cur2_rows(1.0, **{name: "7"}))

    refused(company, "aws_cur2", f"has a column {name!r}, a name the landing zone keeps for itself")


def test_a_data_file_that_changed_under_an_unchanged_manifest_is_refused(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    write_parquet(cur2.data_files()[0], cur2_rows(1.0, 2.0))

    refused(company, "aws_cur2", cur2.data_files()[0].name, "finops-cur2-Manifest.json", "changed since it was landed")


def test_a_data_file_that_vanished_under_an_unchanged_manifest_is_refused(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    cur2.data_files()[0].unlink()

    refused(
        company,
        "aws_cur2",
        "finops-cur2-00001.snappy.parquet",
        "finops-cur2-Manifest.json",
        "is missing or has changed",
    )


def test_a_touched_data_file_is_read_once_to_see_that_it_is_the_same(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    os.utime(cur2.data_files()[0], ns=(1, 1))

    touched, again = company.refresh("aws_cur2"), company.refresh("aws_cur2")

    assert (touched.landed, touched.failures, len(touched.opened)) == ([], [], 1)
    assert (again.landed, again.failures, again.opened) == ([], [], [])


@pytest.fixture
def while_copying(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Something happens after the rows of a delivery were copied and before it is made live."""

    def arrange(event: Callable[[], None]) -> None:
        copy_rows = landing.copy_rows

        def copied(*arguments, **named):
            count = copy_rows(*arguments, **named)
            event()
            return count

        monkeypatch.setattr(landing, "copy_rows", copied)

    return arrange


def test_a_manifest_that_changes_while_its_files_are_read_is_refused(company: Company, cur2: Cur2Export, while_copying):
    cur2.deliver("2026-10", cur2_rows(1.0))
    path = cur2.manifest_path("2026-10")
    while_copying(lambda: path.write_text(path.read_text() + " "))

    refused(company, "aws_cur2", str(path), "changed while its 1 file were read")


def test_a_file_that_changes_while_it_is_read_is_refused(company: Company, cur2: Cur2Export, while_copying):
    cur2.deliver("2026-10", cur2_rows(1.0))
    while_copying(lambda: os.utime(cur2.data_files()[0], ns=(1, 1)))

    refused(company, "aws_cur2", "changed while it was read")


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, nothing is cleaned up by the code under test on purpose."""


@pytest.mark.parametrize("moment", ["_is_net", "raw_totals", "_verify_unchanged", "update_ledger"])
def test_a_run_killed_anywhere_before_the_ledgers_swap_leaves_the_old_delivery_and_the_next_run_lands_the_new(
    company: Company, cur2: Cur2Export, monkeypatch: pytest.MonkeyPatch, moment: str
):
    cur2.deliver("2026-10", cur2_rows(1.0), execution="2026-10-18T01:02:03.004Z-0a")
    [old] = company.refresh("aws_cur2").live
    cur2.deliver("2026-10", cur2_rows(1.0, 2.0), execution="2026-10-19T01:02:03.004Z-0b")

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(landing, moment, kill)
        patch.setattr(landing.landing_folder, "__exit__", lambda *_: None)
        with pytest.raises(Killed):
            company.refresh("aws_cur2")
    assert read_deliveries(company.landing) == [old]

    result = company.refresh("aws_cur2")

    assert (result.rows, result.failures) == (2, [])
    assert [delivery.status for delivery in read_deliveries(company.landing)] == ["superseded", "live"]
    assert not list(company.landing.rglob(".landing-*"))


def _full(how: type[Exception]) -> Callable[..., None]:
    def written(*_: object, **__: object) -> None:
        if how is OSError:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise how('IO Error: Async write failed: {"exception_message":"Could not write: No space left on device"}')

    return written


@pytest.mark.parametrize(("moment", "how"), [("rows", duckdb.IOException), ("update_ledger", OSError)])
def test_a_full_disk_is_told_as_one_and_not_as_a_fault_of_the_delivery(
    company: Company, cur2: Cur2Export, monkeypatch: pytest.MonkeyPatch, moment: str, how: type[Exception]
):
    cur2.deliver("2026-10", cur2_rows(1.0))
    with monkeypatch.context() as patch:
        patch.setattr(landing, moment, _full(how))

        [failure] = company.refresh("aws_cur2").failures

    assert str(failure) == (
        "source payer: no space is left on the disk of FINOPS_HOME. Make room, or set FINOPS_HOME to a larger disk, and"
        " run again. What was landed before stays."
    )
    assert company.refresh("aws_cur2").rows == 1


def test_one_failing_source_does_not_keep_the_others_from_landing(company: Company, cur2: Cur2Export, tmp_path: Path):
    company.sources.clear()
    company.add("aws", "cur2", tmp_path / "nowhere", name="gone")
    company.add("aws", "cur2", cur2.root, name="payer")
    cur2.deliver("2026-10", cur2_rows(1.0))

    result = company.refresh("aws_cur2")

    assert [delivery.source_name for delivery in result.landed] == ["payer"]
    [failure] = result.failures
    assert str(failure).startswith(f"source gone: the folder {tmp_path}/nowhere does not exist. Check the uri")
    assert failure.exit_code == 1


def test_a_damaged_month_does_not_keep_the_sources_other_month_from_landing(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-09", cur2_rows(1.0))
    cur2.deliver("2026-10", cur2_rows(2.0))
    cur2.data_files()[0].unlink()

    result = company.refresh("aws_cur2")

    assert [delivery.billing_period for delivery in result.landed] == ["2026-10"]
    assert len(result.failures) == 1


def test_a_landed_file_that_somebody_removed_is_landed_anew_and_told_where_it_is_offered_no_more(
    company: Company, cur2: Cur2Export
):
    cur2.deliver("2026-10", cur2_rows(1.0), execution="2026-10-18T01:02:03.004Z-0a")
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(1.0, 2.0), execution="2026-10-19T01:02:03.004Z-0b")
    [before] = company.refresh("aws_cur2").live
    part = company.landing / before.files[0].landed
    part.unlink()

    again = company.refresh("aws_cur2")

    assert (again.failures, [d.delivery_id for d in again.landed]) == ([], [before.delivery_id])
    assert [(d.status, d.previous_delivery_id) for d in read_deliveries(company.landing)] == [
        ("superseded", None),
        ("live", before.previous_delivery_id),
    ]
    assert len(company.landed(again)) == 2

    part.unlink()
    cur2.manifest_path("2026-10").unlink()
    [failure] = company.refresh("aws_cur2").failures
    assert str(failure).startswith(f"payer 2026-10: the landed file {part} is gone, and 2026-10 was not landed anew.")


def test_a_source_taken_out_of_the_configuration_does_not_count_any_more_and_can_come_back(
    company: Company, cur2: Cur2Export
):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    [source] = company.sources
    company.sources.clear()

    without = company.refresh("aws_cur2")
    assert (without.rows, [delivery.status for delivery in read_deliveries(company.landing)]) == (0, ["removed"])

    company.sources.append(source)
    assert company.refresh("aws_cur2").rows == 1
    assert [delivery.status for delivery in read_deliveries(company.landing)] == ["live"]


def test_a_source_that_comes_back_has_the_months_that_its_export_does_not_offer_any_more(
    company: Company, cur2: Cur2Export
):
    for month in ("2025-09", "2026-09", "2026-10"):
        cur2.deliver(month, cur2_rows(1.0), execution="2026-10-18T01:02:03.004Z-0a")
    before = company.refresh("aws_cur2")
    source = company.sources.pop()
    company.add("aws", "cur2", cur2.root, name="misspelt")
    cur2.manifest_path("2025-09").unlink()
    cur2.deliver("2026-10", cur2_rows(1.0, 2.0), execution="2026-10-19T01:02:03.004Z-0b")
    renamed = company.refresh("aws_cur2")
    assert "payer: no longer configured for aws_cur2; its deliveries do not count any more" in company.told
    assert renamed.gone == ["payer: 3 rows do not count any more, of 3 from 2025-09 to 2026-10"]

    company.sources[:] = [source]
    result = company.refresh("aws_cur2")

    assert {(d.source_name, d.billing_period): d.rows for d in result.live} == {
        ("payer", "2025-09"): 1,
        ("payer", "2026-09"): 1,
        ("payer", "2026-10"): 2,
    }
    assert [d.billing_period for d in result.landed] == ["2026-10"]
    assert result.landed[0].previous_delivery_id == before.live[2].delivery_id
    assert "payer: configured again; what was landed of 2025-09 to 2026-10 counts again" in company.told


def test_a_name_that_is_used_anew_for_another_export_has_nothing_of_the_one_before(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-09", cur2_rows(1.0))
    company.refresh("aws_cur2")
    company.sources.clear()
    company.refresh("aws_cur2")
    other = Cur2Export(company.folder, "cur2-of-another")
    other.deliver("2026-10", cur2_rows(2.0))
    company.add("aws", "cur2", other.root)

    assert [delivery.billing_period for delivery in company.refresh("aws_cur2").live] == ["2026-10"]


def test_a_table_without_source_has_its_declared_columns_and_the_ledger_exists(company: Company):
    import pyarrow.parquet as pq

    result = company.refresh("aws_cur2")

    declared = pq.read_table(company.landing / "aws_cur2" / "_declared_columns.parquet")
    assert (declared.num_rows, declared.num_columns) == (0, 127 + 6)
    assert (result.rows, result.failures) == (0, [])
    assert (company.landing / "deliveries.parquet").exists()


def test_files_in_folders_with_the_characters_of_a_glob_are_read_literally(tmp_path: Path):
    company = Company(tmp_path / "a[1]b*c?")
    export = Cur2Export(company.folder)
    company.add("aws", "cur2", export.root)
    export.deliver("2026-10", cur2_rows(1.0))
    export.deliver("2026-09", cur2_rows(1.0))

    result = company.refresh("aws_cur2")

    assert (result.rows, list(map(str, result.failures))) == (2, [])


@pytest.mark.parametrize("content", ["{half", "[]", '{"dataFiles": 7}', '{"dataFiles": ["s3://elsewhere/x.parquet"]}'])
def test_an_unreadable_manifest_stops_its_own_month_and_no_other(company: Company, cur2: Cur2Export, content: str):
    cur2.deliver("2026-08", cur2_rows(1.0))
    cur2.deliver("2026-09", cur2_rows(2.0))
    company.refresh("aws_cur2")
    cur2.manifest_path("2026-08").write_text(content)
    cur2.deliver("2026-09", cur2_rows(3.0), run=2)
    cur2.deliver("2026-10", cur2_rows(4.0))

    result = company.refresh("aws_cur2")

    assert [delivery.billing_period for delivery in result.landed] == ["2026-09", "2026-10"]
    [failure] = result.failures
    assert "2026-08" in str(failure)
    live = {delivery.billing_period: delivery.totals[0].exact for delivery in live_deliveries(company.landing)}
    assert live == {"2026-08": 1, "2026-09": 3, "2026-10": 4}
