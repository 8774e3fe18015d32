"""Which tables are published and in which order their rows stand. What is in them is the dbt project's business."""

import json
from dataclasses import dataclass
from pathlib import Path

from finops_pipeline.errors import FinopsError


@dataclass(frozen=True)
class MartTable:
    """One published table: its name, where the warehouse has it (quoted), and the columns that order its rows.

    They hold its key; before it may stand what readers search by.
    """

    name: str
    relation: str
    key: tuple[str, ...]


def mart_tables(manifest: Path) -> list[MartTable]:
    """Every enabled model under `models/marts/`, by name.

    The key is the model's tested one: the columns of its `unique_combination` test, else the column of its
    `primary_key` or `unique` test. A model whose `meta` says `published_order` stands in the order of those columns
    first: who looks for their values reads a few row groups and not the whole file.

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
        order = node.get("config", {}).get("meta", {}).get("published_order", ())
        marts.append(MartTable(node["name"], node["relation_name"], tuple(dict.fromkeys((*order, *key)))))
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
