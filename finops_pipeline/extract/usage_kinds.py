"""The twelve kinds of usage feeds and their columns, as data (`columns/usage.tsv`).

Only the shape of the rows is here; reading and checking files is in `usage.py`.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

from finops_pipeline.extract.declared import ADDRESS_COLUMNS

ColumnType = Literal["instant", "date", "quantity", "number", "text"]

DUCKDB_TYPES: dict[ColumnType, str] = {
    "instant": "TIMESTAMP",
    "date": "DATE",
    "quantity": "DECIMAL(38,18)",
    "number": "DECIMAL(38,18)",
    "text": "VARCHAR",
}
"""How a column is landed. Instants are UTC; a `quantity` is never negative, a `number` may be."""

ConsumerColumn = Literal[
    "team",
    "project",
    "environment",
    "model_name",
    "model_version",
    "workload",
    "workload_type",
    "dataset",
    "customer",
    "run_id",
    "business_unit",
    "cost_center",
    "owner",
]
CONSUMER_COLUMNS: tuple[ConsumerColumn, ...] = get_args(ConsumerColumn)
"""Who used it; any row of any kind may carry them."""


@dataclass(frozen=True)
class UsageColumn:
    """A column of a kind. `needs_value` is false where a required column may be empty: the end of a running run."""

    name: str
    type: ColumnType
    is_required: bool
    needs_value: bool


def _kinds() -> dict[str, tuple[UsageColumn, ...]]:
    text = (files("finops_pipeline.extract") / "columns" / "usage.tsv").read_text(encoding="utf-8")
    kinds: dict[str, list[UsageColumn]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        type_: ColumnType = row["type"]  # pyright: ignore[reportAssignmentType] -- packaged data, held by a test
        column = UsageColumn(row["column"], type_, row["required"] != "no", row["required"] == "yes")
        kinds.setdefault(row["kind"], []).append(column)
    for columns in kinds.values():
        known = {column.name for column in columns}
        columns += [UsageColumn(name, "text", False, False) for name in CONSUMER_COLUMNS if name not in known]
    return {kind: tuple(columns) for kind, columns in kinds.items()}


USAGE_KINDS: dict[str, tuple[UsageColumn, ...]] = _kinds()
"""Kind to its columns: required and optional ones first, then the consumer columns it has not named already."""


def usage_columns(kind: str) -> dict[str, str]:
    """Name to DuckDB type of a kind's landed columns, address columns last."""
    return {column.name: DUCKDB_TYPES[column.type] for column in USAGE_KINDS[kind]} | ADDRESS_COLUMNS
