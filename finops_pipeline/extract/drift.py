"""Which columns a delivery brought that nobody knew, which it left out, and which came in another type.

Drift is recorded and told, never refused: every delivered column is landed, by its name. Only a missing required
column stops a delivery (`landing`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from finops_pipeline.extract.declared import TECHNICAL_NAMES
from finops_pipeline.extract.deliveries import Delivery, Drift

_NESTED = re.compile(r"STRUCT\(|\]$")

_THE_COMPANYS_OWN = ("resourcetags/", "resource_tags_", "costcategory/", "cost_category_")
"""Columns that a legacy report makes of tags and cost categories: nobody could declare them."""

DELIVERY_FILE = "_delivery.json"
"""Stands beside the parts of each landed delivery: its row of the ledger, and its columns as delivered."""


def delivered_columns(files: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Name to type of a delivery's columns over all of its files; several types where its files differ."""
    types: dict[str, dict[str, None]] = {}
    names: dict[str, str] = {}
    for columns in files:
        for name, type_ in leaves(columns).items():
            types.setdefault(names.setdefault(name.lower(), name), {})[type_] = None
    return {name: " or ".join(sorted(found)) for name, found in types.items()}


def leaves(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns with the fields of nested ones in their place, such as `credits[].amount`."""
    found: dict[str, str] = {}
    for name, type_ in columns.items():
        found |= _leaves(name, duckdb.sqltype(type_)) if _NESTED.search(type_) else {name: type_}
    return found


def _leaves(name: str, type_: Any) -> dict[str, str]:
    if type_.id == "list":
        return _leaves(f"{name}[]", type_.children[0][1])
    if type_.id == "struct":
        return {
            place: leaf for field, inner in type_.children for place, leaf in _leaves(f"{name}.{field}", inner).items()
        }
    return {name: str(type_)}


def drift_of(columns: Mapping[str, str], declared: Mapping[str, str], before: Delivery | None, landing: Path) -> Drift:
    """What is new or gone beside the delivery before; beside the declared columns where there is none.

    Args:
        columns: as delivered now, from `delivered_columns`.
        declared: the columns the models know, whether delivered or not.
        before: the delivery of the same period before this one, else the newest of an earlier period.
        landing: the landing zone, for the columns of that delivery.
    """
    known = _columns_of(before, landing) if before else None
    models = {name.lower(): type_ for name, type_ in leaves(declared).items() if name.lower() not in TECHNICAL_NAMES}
    if before is None or known is None:
        return Drift(
            added=tuple(
                name
                for name in columns
                if name.lower() not in models and not name.lower().startswith(_THE_COMPANYS_OWN)
            ),
            # An amount declared as text may come as a number, and text is how CSV says anything.
            retyped=tuple(
                f"{name} {models[name.lower()]} -> {type_}"
                for name, type_ in columns.items()
                if models.get(name.lower(), type_) != type_ and "VARCHAR" not in (type_, models[name.lower()])
            ),
        )
    now, then = ({name.lower(): type_ for name, type_ in found.items()} for found in (columns, known))
    return Drift(
        compared_with=before.delivery_id,
        added=tuple(name for name in columns if name.lower() not in then and name.lower() not in models),
        missing=tuple(name for name in known if name.lower() not in now),
        retyped=tuple(
            f"{name} {then[name.lower()]} -> {type_}"
            for name, type_ in columns.items()
            if then.get(name.lower(), type_) != type_
        ),
    )


def _columns_of(delivery: Delivery, landing: Path) -> dict[str, str] | None:
    """The columns of a landed delivery; None when its folder is gone or was landed before columns were kept."""
    try:
        told = json.loads((landing / delivery.folder / DELIVERY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told.get("columns")
