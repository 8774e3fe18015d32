"""The columns that staging may rely on, per landed table, whether a source delivers them or not.

The lists are data in `columns/`; `_declared_columns.parquet` in the landing zone is their zero-row form, which the
models read together with the live parts. Delivered columns beyond these lists are landed all the same.
"""

import csv
import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from finops_pipeline.extract.duck import literal, quoted
from finops_pipeline.focus import COMPATIBILITY_COLUMNS, COST_AND_USAGE

DECLARED_FILE = "_declared_columns.parquet"
_DECLARED_KEY = "declared_columns"

ADDRESS_COLUMNS = {
    "x_source_name": "VARCHAR",
    "x_billing_period": "VARCHAR",
    "x_delivery_id": "VARCHAR",
    "x_file": "VARCHAR",
    "x_row": "BIGINT",
}
"""The address of every landed row: source, period (null for usage), delivery, file as named, row from 1."""

EXTRA_COLUMNS: dict[str, dict[str, str]] = {
    "aws_cur2": {"x_is_net": "BOOLEAN"},
    "aws_cur1": {"x_is_net": "BOOLEAN"},
    "azure_cost_details": {"x_export_type": "VARCHAR", "x_submitted_at": "TIMESTAMP"},
}
"""Facts of the whole delivery that every row of it carries."""

NESTED_TABLES = frozenset({"gcp_detailed", "gcp_standard", "gcp_focus"})
"""Dumps of BigQuery tables: columns hold records and lists, and a dump may be JSON lines."""

_FOCUS_COLUMNS = {column.name: "VARCHAR" for column in (*COST_AND_USAGE, *COMPATIBILITY_COLUMNS)} | {
    "Tags": "MAP(VARCHAR, VARCHAR)"
}
"""What any FOCUS export may deliver, whatever its version; a provider's own columns stand in its file."""

TECHNICAL_NAMES = frozenset({*ADDRESS_COLUMNS, *(name for extra in EXTRA_COLUMNS.values() for name in extra)})


def technical_columns(table: str) -> dict[str, str]:
    """The columns extraction adds to each row of a landed table."""
    return ADDRESS_COLUMNS | EXTRA_COLUMNS.get(table, {})


@cache
def declared_columns(table: str) -> dict[str, str]:
    """Name to DuckDB type of the declared columns of a billing table, technical ones last.

    Amounts, prices and quantities of GCP and of FOCUS exports are declared as text: they come as DOUBLE, DECIMAL or
    digits as written, and text is what all unify to without a digit lost.
    """
    if table in NESTED_TABLES:
        delivered = {name: _duckdb_type(shape) for name, shape in json_shape(table).items()}
    else:
        text = _column_file(f"{table}.tsv")
        own = {row["column"]: row["type"] for row in csv.DictReader(text.splitlines(), delimiter="\t")}
        delivered = _FOCUS_COLUMNS | own if table.endswith("_focus") else own
    return delivered | technical_columns(table)


@cache
def json_shape(table: str) -> dict[str, Any]:
    """The declared columns of a nested table in the notation of DuckDB's `json_transform`."""
    return json.loads(_column_file(f"{table}.json"))


def write_declared_columns(landing: Path, table: str, columns: dict[str, str]) -> Path:
    """Write the zero-row file of a table, atomically, where it is not there already."""
    path = landing / table / DECLARED_FILE
    told = json.dumps(columns)
    if path.exists() and (pq.read_metadata(path).metadata or {}).get(_DECLARED_KEY.encode()) == told.encode():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{DECLARED_FILE}.{os.getpid()}")
    select = ", ".join(f"cast(null as {type_}) as {quoted(name)}" for name, type_ in columns.items())
    note = f"kv_metadata {{{quoted(_DECLARED_KEY)}: {literal(told)}}}"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"copy (select {select} limit 0) to {literal(str(temporary))} (format parquet, {note})")
    os.replace(temporary, path)
    return path


def _column_file(name: str) -> str:
    return (files("finops_pipeline.extract") / "columns" / name).read_text(encoding="utf-8")


def _duckdb_type(shape: Any) -> str:
    if isinstance(shape, list):
        return f"{_duckdb_type(shape[0])}[]"
    if isinstance(shape, dict):
        return "STRUCT(" + ", ".join(f"{quoted(name)} {_duckdb_type(inner)}" for name, inner in shape.items()) + ")"
    return shape
