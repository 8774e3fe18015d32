"""The Google Cloud dumps look like the detailed export's table, in both of their forms."""

import gzip
import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from read_exports import decimal, gcp_folder, gcp_rows


@pytest.fixture(scope="module")
def rows(directory: Path) -> list[dict[str, Any]]:
    return gcp_rows(directory)


def start_of(row: dict[str, Any]) -> datetime:
    start = row["usage_start_time"]
    return start if isinstance(start, datetime) else datetime.strptime(start, "%Y-%m-%d %H:%M:%S UTC")


def test_the_columns_are_those_of_the_export(directory: Path, reference_data: Path):
    file = sorted(gcp_folder(directory).glob("*.parquet"))[0]
    schema = reference_data / "exports/gcp/schemas/gcp_billing_export_resource_v1.schema.json"
    document = json.loads(schema.read_text())
    fields = document if isinstance(document, list) else document.get("fields") or document["schema"]

    def names(field: dict[str, Any], prefix: str = "") -> list[str]:
        if field.get("fields"):
            return [leaf for inner in field["fields"] for leaf in names(inner, f"{prefix}{field['name']}.")]
        return [prefix + field["name"]]

    wanted = [leaf for field in fields for leaf in names(field)]
    found = [leaf.path.replace(".list.element", "") for leaf in pq.ParquetFile(file).schema]
    assert found == wanted


def test_the_table_comes_as_parquet_and_as_json_lines(directory: Path):
    assert {"".join(file.suffixes) for file in gcp_folder(directory).iterdir()} == {".parquet", ".jsonl.gz", ".jsonl"}


def test_json_lines_leave_nulls_out_and_write_numeric_as_text(directory: Path):
    (file,) = gcp_folder(directory).glob("*.jsonl.gz")
    row = json.loads(gzip.decompress(file.read_bytes()).splitlines()[0])

    assert "subscription" not in row
    assert isinstance(row["price"]["list_price"], str)
    assert isinstance(row["cost"], float)
    assert row["usage_start_time"].endswith(" UTC")


def test_gpu_core_and_memory_of_a_machine_are_three_skus_of_one_resource(rows: list[dict[str, Any]]):
    skus: dict[tuple[str, datetime], set[str]] = defaultdict(set)
    for row in rows:
        resource = row.get("resource") or {"name": ""}
        if row["service"]["description"] == "Compute Engine" and resource["name"].startswith("gke-gke-train"):
            skus[resource["global_name"], start_of(row)].add(row["sku"]["description"])

    assert skus
    for found in skus.values():
        assert len(found) == 3
        assert sum(" GPU " in sku for sku in found) == 1
        assert sum(" Core " in sku for sku in found) == 1
        assert sum(" Ram " in sku for sku in found) == 1


def test_credits_are_nested_and_of_two_kinds(rows: list[dict[str, Any]]):
    credits = [credit for row in rows for credit in row["credits"]]

    assert {credit["type"] for credit in credits} == {"SUSTAINED_USAGE_DISCOUNT", "PROMOTION"}
    assert all(credit["amount"] < 0 for credit in credits)


def test_invoices_follow_pacific_months_while_usage_is_utc(rows: list[dict[str, Any]]):
    vertex = [row for row in rows if row["service"]["description"] == "Vertex AI" and row["cost_type"] == "regular"]
    early = {row["invoice"]["month"] for row in vertex if start_of(row) == datetime(2026, 10, 1, 1)}
    later = {row["invoice"]["month"] for row in vertex if start_of(row) == datetime(2026, 10, 1, 7)}
    after = {row["invoice"]["month"] for row in vertex if start_of(row) == datetime(2026, 11, 1, 1)}

    assert (early, later, after) == ({"202609"}, {"202610"}, {"202610"})


def test_a_correction_of_the_former_month_is_invoiced_later(rows: list[dict[str, Any]]):
    corrections = [row for row in rows if (row.get("adjustment_info") or {}).get("type") == "PRICE_CORRECTION"]
    taken_back = sum(decimal(row["cost"]) for row in corrections if row["cost"] < 0)
    charged_anew = sum(decimal(row["cost"]) for row in corrections if row["cost"] > 0)

    assert {row["invoice"]["month"] for row in corrections} == {"202610"}
    assert {start_of(row).month for row in corrections} == {9}
    assert charged_anew == -taken_back * decimal("0.9")


def test_support_and_tax_have_no_project(rows: list[dict[str, Any]]):
    without = {row["service"]["description"] for row in rows if not row.get("project")}

    assert without == {"Support", "Invoice", "Vertex AI"}
    assert {row["cost_type"] for row in rows} == {"regular", "tax", "adjustment", "rounding_error"}
