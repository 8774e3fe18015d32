"""Which tables are published and in which order their rows stand. What is in them is the dbt project's business."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from finops_pipeline.errors import FinopsError


@dataclass(frozen=True)
class MartTable:
    """One table to publish: its name, where the warehouse has it (quoted), and the columns that order its rows.

    They hold its key; before it may stand what readers search by.
    """

    name: str
    relation: str
    key: tuple[str, ...]
    month: str | None = None
    """The column that tells a row's month: its name, or a day or instant in it."""
    slices: tuple[str, ...] = ()
    """Two columns of its order that divide a month coarsely: a text and a day. None where readers search by no such."""


@dataclass(frozen=True)
class PublishedMonths:
    """The months that a large table was written by: the digest of each, and the files with its rows."""

    column: str
    by_date: bool
    digests: Mapping[str, str]
    files: Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True)
class PublishedTable:
    """One table of a version: its rows, the SHA-256 of its Parquet file, and its months if it is written by them."""

    rows: int
    sha256: str
    months: PublishedMonths | None = None


_MONTH_COLUMNS = ("billing_period", "x_BillingPeriod", "BillingPeriodStart", "charge_date")


def mart_tables(manifest: Path) -> list[MartTable]:
    """Every enabled model under `models/marts/`, by name.

    The key is the model's tested one: the columns of its `unique_combination` test, else the column of its
    `primary_key` or `unique` test. A model whose `meta` says `published_order` stands in the order of those columns
    first: who looks for their values reads a few row groups and not the whole file. If these are its month, a text and
    a day, a long month is sorted in slices of whole days.

    Raises:
        FinopsError: a mart has no tested key; its rows would have no order of their own.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    tests_of: dict[str, list[dict]] = {}
    for node in nodes.values():
        if node["resource_type"] == "test" and node.get("attached_node"):
            tests_of.setdefault(node["attached_node"], []).append(node)
    marts = []
    for unique_id, node in nodes.items():
        if node["resource_type"] != "model" or not node["original_file_path"].startswith("models/marts/"):
            continue
        key = _tested_key(tests_of.get(unique_id, []))
        if not key:
            raise FinopsError(
                f"The mart {node['name']} has no tested key: give it a unique_combination, primary_key or unique test"
                " in its YAML."
            )
        order = tuple(node.get("config", {}).get("meta", {}).get("published_order", ()))
        columns = node.get("columns", {})
        month = next((column for column in _MONTH_COLUMNS if column in columns), None)
        slices = order[1:3] if order[:1] == (month,) and len(order) > 2 else ()
        ordered = tuple(dict.fromkeys((*order, *key)))
        marts.append(MartTable(node["name"], node["relation_name"], ordered, month, slices))
    return sorted(marts, key=lambda mart: mart.name)


def _tested_key(tests: list[dict]) -> tuple[str, ...]:
    unique_columns = []
    for test in tests:
        metadata = test.get("test_metadata") or {}
        arguments = metadata.get("kwargs", {})
        if metadata.get("name") == "unique_combination":
            return tuple(arguments.get("columns") or arguments.get("combination_of_columns") or ())
        if metadata.get("name") in ("unique", "primary_key"):
            unique_columns.append(test["column_name"])
    return (sorted(unique_columns)[0],) if unique_columns else ()
