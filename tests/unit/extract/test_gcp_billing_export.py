"""GCP table dumps: months by invoice, files that are together the table, and numbers that keep their digits."""

import gzip
import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_writers import GCP_ROW, Company, write_json_lines

from finops_pipeline.extract.ledger import read_deliveries

INSTANTS = ("usage_start_time", "usage_end_time", "export_time")


def row(
    cost: object = 2.5, month: str = "202610", exported: str = "2026-10-02 03:04:05.678 UTC", **more: object
) -> dict:
    return GCP_ROW | {"cost": cost, "invoice": {"month": month}, "export_time": exported} | more


def write_dump(path: Path, *rows: dict) -> None:
    """A Parquet dump as BigQuery writes one: instants with a zone, FLOAT as DOUBLE."""
    typed = [
        line | {name: datetime.fromisoformat(line[name].replace(" UTC", "+00:00")) for name in INSTANTS}
        for line in rows
    ]
    pq.write_table(pa.Table.from_pylist(typed), path)


def totals(result) -> dict[str, Decimal]:
    return {f"{total.billing_currency} {total.cost_basis}": total.exact for total in result.totals}


def test_all_files_of_the_folder_are_the_table_and_a_month_is_the_invoice_month(company: Company, gcp: Path):
    write_dump(gcp / "000000000000.parquet", row(1.0), row(2.0, month="202609"))
    write_json_lines(gcp / "000000000001.jsonl.gz", [row(4.0), row(8.0)])
    write_json_lines(gcp / "000000000002.jsonl", [row(16.0, usage_start_time="2026-09-30 23:00:00 UTC")])

    result = company.refresh("gcp_detailed")

    assert not result.failures
    assert [(delivery.billing_period, delivery.rows) for delivery in result.live] == [("2026-09", 1), ("2026-10", 4)]
    # Each row has a credit of -0.5.
    assert totals(result) == {"USD billed": Decimal("28.5"), "USD effective": Decimal("28.5")}
    addresses = [(line["x_file"], line["x_row"], float(line["cost"])) for line in company.landed(result)]
    assert addresses == [
        ("000000000000.parquet", 2, 2.0),
        ("000000000000.parquet", 1, 1.0),
        ("000000000001.jsonl.gz", 1, 4.0),
        ("000000000001.jsonl.gz", 2, 8.0),
        ("000000000002.jsonl", 1, 16.0),
    ]
    assert {line["export_time"] for line in company.landed(result)} == {datetime(2026, 10, 2, 3, 4, 5, 678000)}


def test_numbers_of_json_lines_keep_the_text_they_were_written_in(company: Company, gcp: Path):
    cost = "1234567.123456789012345678901"
    written = json.dumps(row()).replace('"cost": 2.5', f'"cost": {cost}').replace('"amount": -0.5', '"amount": -5e-19')
    write_json_lines(gcp / "a.jsonl", [written])

    result = company.refresh("gcp_detailed")

    [line] = company.landed(result)
    assert (line["cost"], line["credits"][0]["amount"]) == (cost, "-5e-19")
    assert totals(result)["USD billed"] == Decimal(cost) - Decimal("5e-19")


def test_text_that_looks_like_json_inside_a_label_is_left_alone(company: Company, gcp: Path):
    label = 'say "cost": 5, and \\"n": 6 {"a":7}'
    write_json_lines(gcp / "a.jsonl", [row(labels=[{"key": "note", "value": label}])])

    [line] = company.landed(company.refresh("gcp_detailed"))

    assert line["labels"] == [{"key": "note", "value": label}]


def test_unknown_columns_and_fields_are_landed_as_well(company: Company, gcp: Path):
    write_json_lines(gcp / "a.jsonl", [row(new_field=7, service={"id": "6F81", "tier": {"x": 1.5}}, extra=[{"k": 1}])])

    [line] = company.landed(company.refresh("gcp_detailed"))

    assert line["new_field"] == "7"
    assert line["service"] == {"id": "6F81", "description": None, "tier": {"x": "1.5"}}
    assert line["extra"] == [{"k": "1"}]


def test_a_project_that_was_renamed_keeps_the_name_it_had_at_the_time_of_use(company: Company, gcp: Path):
    before = row(project={"id": "p-1", "name": "search", "ancestors": [{"resource_name": "folders/1"}]})
    after = row(project={"id": "p-1", "name": "search-old", "ancestors": [{"resource_name": "folders/2"}]})
    deleted = row(project={"id": None, "name": None, "ancestors": []})
    write_json_lines(gcp / "a.jsonl", [before, after, deleted])

    result = company.refresh("gcp_detailed")

    told = [(line["project"]["id"], line["project"]["name"]) for line in company.landed(result)]
    assert told == [("p-1", "search"), ("p-1", "search-old"), (None, None)]
    assert [line["project"]["ancestors"][:1] for line in company.landed(result)] == [
        [{"resource_name": "folders/1", "display_name": None}],
        [{"resource_name": "folders/2", "display_name": None}],
        [],
    ]
    assert totals(result)["USD billed"] == 3 * Decimal("2.0")


def test_an_unchanged_folder_opens_no_file(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row(1.0), row(2.0, month="202609"))
    assert company.refresh("gcp_detailed").opened

    again = company.refresh("gcp_detailed")

    assert (again.opened, again.landed, len(again.unchanged), again.failures) == ([], [], 2, [])


def test_a_new_file_in_the_folder_is_read_alone(company: Company, gcp: Path):
    write_dump(gcp / "2026-08.parquet", row(1.0, month="202608"))
    write_json_lines(gcp / "2026-09.jsonl", [row(2.0, month="202609")])
    company.refresh("gcp_detailed")
    write_dump(gcp / "2026-10.parquet", row(4.0))

    result = company.refresh("gcp_detailed")

    assert {told.split(": ")[1] for told in result.opened} == {"2026-10.parquet"}
    assert [delivery.billing_period for delivery in result.landed] == ["2026-10"]
    assert totals(result)["USD billed"] == Decimal("5.5")


def test_a_month_that_a_new_file_adds_to_is_landed_from_all_of_its_files(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row(1.0), row(2.0, month="202608"))
    write_json_lines(gcp / "b.jsonl", [row(4.0), row(8.0, month="202609")])
    write_json_lines(gcp / "c.jsonl", [row(16.0, month="202608")])
    company.refresh("gcp_detailed")
    write_dump(gcp / "d.parquet", row(32.0))

    result = company.refresh("gcp_detailed")

    assert [(d.billing_period, d.rows) for d in result.landed] == [("2026-10", 3)]
    assert {told.split(": ")[1] for told in result.opened} == {"a.parquet", "b.jsonl", "d.parquet"}
    assert totals(result)["USD billed"] == Decimal("63") - 6 * Decimal("0.5")


def test_a_file_that_was_written_anew_changes_the_months_it_held_and_those_it_holds(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row(1.0), row(2.0, month="202609"))
    write_dump(gcp / "b.parquet", row(4.0), row(8.0, month="202609"))
    company.refresh("gcp_detailed")
    write_dump(gcp / "a.parquet", row(16.0))
    os.utime(gcp / "a.parquet", (1, 1))

    result = company.refresh("gcp_detailed")

    assert [(d.billing_period, d.rows) for d in result.landed] == [("2026-09", 1), ("2026-10", 2)]
    assert totals(result)["USD billed"] == Decimal("28") - 3 * Decimal("0.5")


@pytest.mark.parametrize("damaged", ["", "{}", '{"location": "elsewhere", "files": {"a.parquet": {}}}'])
def test_a_damaged_note_of_the_dump_files_costs_a_read_and_nothing_else(company: Company, gcp: Path, damaged: str):
    write_dump(gcp / "a.parquet", row(1.0, month="202609"))
    company.refresh("gcp_detailed")
    [note] = company.landing.rglob("_dump_files.json")
    note.write_text(damaged)
    write_dump(gcp / "b.parquet", row(2.0))

    result = company.refresh("gcp_detailed")

    assert {told.split(": ")[1] for told in result.opened} == {"a.parquet", "b.parquet"}
    assert ([d.billing_period for d in result.landed], len(result.unchanged)) == (["2026-10"], 1)


def test_a_table_dumped_anew_into_other_files_is_the_same_delivery(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row(1.0), row(2.0), row(2.0))
    [before] = company.refresh("gcp_detailed").live
    (gcp / "a.parquet").unlink()
    write_dump(gcp / "x.parquet", row(2.0))
    write_dump(gcp / "y.parquet", row(1.0), row(2.0))

    dumped_anew, again = company.refresh("gcp_detailed"), company.refresh("gcp_detailed")

    assert (dumped_anew.landed, len(dumped_anew.unchanged)) == ([], 1)
    assert [delivery.delivery_id for delivery in dumped_anew.live] == [before.delivery_id]
    assert again.opened == []


def test_a_second_dump_of_the_table_beside_the_first_is_refused_and_what_was_landed_stays(company: Company, gcp: Path):
    rows = [row(float(number), month=month) for month in ("202609", "202610") for number in range(10)]
    write_dump(gcp / "2026-10-19.parquet", *rows)
    before = totals(company.refresh("gcp_detailed"))
    write_dump(gcp / "2026-10-20.parquet", *reversed(rows), row(64.0))

    result = company.refresh("gcp_detailed")

    assert str(result.failures[0]) == (
        f"source payer: {gcp}/2026-10-20.parquet has the same 10 rows of 2026-09 as 2026-10-19.parquet; they would"
        " count twice. Keep one dump of the table, and run again. What was landed before stays."
    )
    assert totals(result) == before

    (gcp / "2026-10-19.parquet").unlink()
    assert totals(company.refresh("gcp_detailed"))["USD billed"] == before["USD billed"] + Decimal("63.5")


def test_late_rows_replace_the_month_they_are_invoiced_in_and_no_other(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row(1.0), row(10.0, month="202609", exported="2026-09-30 01:00:00 UTC"))
    company.refresh("gcp_detailed")
    write_dump(gcp / "b.parquet", row(0.25, exported="2026-10-19 01:00:00 UTC"))

    result = company.refresh("gcp_detailed")

    assert [delivery.billing_period for delivery in result.landed] == ["2026-10"]
    assert [delivery.billing_period for delivery in result.unchanged] == ["2026-09"]
    assert result.rows == 3
    october = [d for d in read_deliveries(company.landing) if d.billing_period == "2026-10"]
    assert [delivery.status for delivery in october] == ["superseded", "live"]


@pytest.mark.parametrize("change", [{"labels": [{"key": "team", "value": "ads"}]}, {"cost": 2.6}])
def test_a_changed_row_is_another_delivery_although_export_time_and_row_count_are_the_same(
    company: Company, gcp: Path, change: dict
):
    write_dump(gcp / "a.parquet", row())
    company.refresh("gcp_detailed")
    write_dump(gcp / "a.parquet", row(**change))

    result = company.refresh("gcp_detailed")

    assert len(result.landed) == 1
    assert [delivery.status for delivery in read_deliveries(company.landing)] == ["superseded", "live"]


def test_months_left_out_by_a_range_are_landed_by_the_next_refresh_without_one(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row(1.0), row(2.0, month="202609"))

    first = company.refresh("gcp_detailed", from_period="2026-09", to_period="2026-09")
    second, third = company.refresh("gcp_detailed"), company.refresh("gcp_detailed")

    assert [delivery.billing_period for delivery in first.landed] == ["2026-09"]
    assert [delivery.billing_period for delivery in second.landed] == ["2026-10"]
    assert third.opened == []


def test_a_landed_month_that_somebody_removed_is_landed_anew(company: Company, gcp: Path):
    write_json_lines(gcp / "a.jsonl", [row(1.0), row(2.0, month="202609")])
    before = company.refresh("gcp_detailed")
    (company.landing / before.live[0].files[0].landed).unlink()

    result = company.refresh("gcp_detailed")

    assert ([d.billing_period for d in result.landed], totals(result)) == (["2026-09"], totals(before))
    assert len(company.landed(result)) == 2


def test_a_touched_dump_is_read_again_and_nothing_is_landed(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row())
    company.refresh("gcp_detailed")
    os.utime(gcp / "a.parquet", ns=(1, 1))

    touched, again = company.refresh("gcp_detailed"), company.refresh("gcp_detailed")

    assert (touched.landed, len(touched.opened)) == ([], 1)
    assert again.opened == []


def test_an_open_month_that_lost_all_its_rows_is_refused_and_stays(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row(1.0))
    write_dump(gcp / "b.parquet", row(2.0, month="202607"))
    company.refresh("gcp_detailed")
    (gcp / "a.parquet").unlink()

    result = company.refresh("gcp_detailed")

    assert "2026-10: 1 rows were landed, and no file in" in str(result.failures[0])
    assert result.rows == 2


def test_an_empty_folder_is_not_delivered_yet(company: Company, gcp: Path):
    result = company.refresh("gcp_detailed")

    assert (result.failures, len(result.not_delivered)) == ([], 1)


def test_marks_of_the_dumping_tool_are_no_data(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row())
    (gcp / "_SUCCESS").touch()
    (gcp / ".a.parquet.crc").touch()

    assert company.refresh("gcp_detailed").rows == 1


@pytest.mark.parametrize("name", ["a.csv", "a.avro", "a.parquet.part", "a"])
def test_a_file_that_is_no_dump_is_refused_because_it_could_hold_money(company: Company, gcp: Path, name: str):
    write_dump(gcp / "a.parquet", row())
    (gcp / name).write_text("x")

    [failure] = company.refresh("gcp_detailed").failures

    assert f"{name} is no dump of the billing table" in str(failure)


def test_a_dump_in_a_folder_of_its_own_is_refused_because_it_would_be_left_out(company: Company, gcp: Path):
    write_dump(gcp / "a.parquet", row())
    for name in ("2026/b.parquet", "_temporary/c.parquet", ".snapshot/d.parquet", "queries/readme.txt"):
        (gcp / name).parent.mkdir()
        write_dump(gcp / name, row())

    [failure] = company.refresh("gcp_detailed").failures

    assert f"{gcp}/2026/b.parquet is in a folder of its own; the dumps of a table lie side by side" in str(failure)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"invoice": {"month": "202613"}}', "row 2: invoice.month is '202613'; expected such as '202610'"),
        ('{"invoice": null}', "row 2: invoice.month is None"),
        ("[1, 2]", "lines that are no JSON object"),
        ('{"invoice": ', "cannot be read"),
        ('{"invoice": {"month": "202610"}, "credits": "[]"}', "something else than a list in credits"),
        ('{"invoice": {"month": "202610"}, "export_time": "yesterday"}', "cannot be read"),
    ],
)
def test_a_malformed_line_is_refused_with_the_files_name(company: Company, gcp: Path, content: str, why: str):
    write_json_lines(gcp / "a.jsonl", [row(), content])

    [failure] = company.refresh("gcp_detailed").failures

    assert f"{gcp}/a.jsonl" in str(failure)
    assert why in str(failure)
    assert "Dump the table again" in str(failure)


@pytest.mark.parametrize("column", ["cost", "currency", "usage_start_time"])
def test_lines_of_which_none_has_a_required_column_are_refused_as_parquet_without_it_is(
    company: Company, gcp: Path, column: str
):
    lines = [{name: value for name, value in row().items() if name != column}] * 2
    write_json_lines(gcp / "a.jsonl", [row(), *lines])
    before = company.refresh("gcp_detailed")
    write_json_lines(gcp / "b.jsonl", lines)

    result = company.refresh("gcp_detailed")

    assert f"{gcp}/b.jsonl has no {column} in any of its 2 lines, as the table gcp_detailed has" in str(
        result.failures[0]
    )
    assert (before.rows, result.rows) == (3, 3)


def test_a_truncated_dump_is_refused(company: Company, gcp: Path):
    path = write_json_lines(gcp / "a.jsonl.gz", [row(os.urandom(9).hex()) for _ in range(500)])
    path.write_bytes(path.read_bytes()[:-200])

    [failure] = company.refresh("gcp_detailed").failures

    assert "a.jsonl.gz cannot be read" in str(failure)


def test_a_cost_that_is_no_number_is_told_with_file_row_and_value(company: Company, gcp: Path):
    write_json_lines(gcp / "a.jsonl", [row(), row(cost="lots")])

    [failure] = company.refresh("gcp_detailed").failures

    assert "a.jsonl, row 2: cost is 'lots'; expected a number" in str(failure)


def test_an_invoice_month_written_as_a_number_is_the_same_month(company: Company, gcp: Path):
    write_json_lines(gcp / "a.jsonl", [row() | {"invoice": {"month": 202610}}])

    assert [delivery.billing_period for delivery in company.refresh("gcp_detailed").live] == ["2026-10"]


def test_rows_of_a_large_file_keep_their_number(company: Company, gcp: Path):
    lines = [json.dumps(row(cost=number)) for number in range(1, 20_001)]
    (gcp / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), 1))

    landed = company.landed(company.refresh("gcp_detailed", now=datetime(2026, 10, 31, tzinfo=UTC)))

    assert [line["x_row"] for line in landed] == [int(line["cost"]) for line in landed] == list(range(1, 20_001))


def test_the_standard_table_is_read_like_the_detailed_one(company: Company):
    folder = company.folder / "gcp_billing_export_v1_01AB_02"
    folder.mkdir()
    company.add("gcp", "standard", folder)
    write_dump(folder / "000000000000.parquet", row(1.0), row(2.0, month="202609"))
    write_json_lines(folder / "000000000001.jsonl", [row(4.0)])

    result = company.refresh("gcp_standard")

    assert not result.failures
    assert [(delivery.billing_period, delivery.rows) for delivery in result.live] == [("2026-09", 1), ("2026-10", 2)]
    assert totals(result)["USD billed"] == Decimal("5.5")


def test_the_focus_table_is_cut_by_the_month_its_billing_period_starts_in(company: Company):
    folder = company.folder / "gcp_billing_export_focus_01AB_02"
    folder.mkdir()
    company.add("gcp", "focus", folder)
    # Midnight in California, in summer and in winter time.
    october = {
        "BilledCost": 1.5,
        "EffectiveCost": 1.25,
        "BillingCurrency": "EUR",
        "BillingPeriodStart": "2026-10-01 07:00:00 UTC",
        "ChargePeriodStart": "2026-10-01 08:00:00 UTC",
        "ChargeCategory": "Usage",
        "x_ExportTime": "2026-10-02 03:04:05 UTC",
        "x_Labels": [{"Key": "team", "Value": "vision"}],
    }
    november = october | {"BillingPeriodStart": "2026-11-01 07:00:00 UTC", "BilledCost": 2}
    december = october | {"BillingPeriodStart": "2026-12-01 08:00:00 UTC", "BilledCost": 4}
    write_json_lines(folder / "a.jsonl", [october, november])
    typed = {
        name: datetime.fromisoformat(text.replace(" UTC", "+00:00"))
        for name, text in december.items()
        if isinstance(text, str) and text.endswith(" UTC")
    }
    pq.write_table(pa.Table.from_pylist([december | typed]), folder / "b.parquet")

    result = company.refresh("gcp_focus", now=datetime(2026, 12, 20, tzinfo=UTC))

    assert not result.failures
    assert [delivery.billing_period for delivery in result.live] == ["2026-10", "2026-11", "2026-12"]
    assert totals(result) == {"EUR billed": Decimal("7.5"), "EUR effective": Decimal("3.75")}
    assert {line["x_Labels"][0]["Value"] for line in company.landed(result)} == {"vision"}
