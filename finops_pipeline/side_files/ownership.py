"""Owners of what tags miss: `ownership.yaml` as a typed model, and the table that dbt reads it from.

Dated rules ("virtual tags"): whoever owns an account, a resource or a service is the owner of its charges where their
own tags do not say. The first rule that says a column decides it; a tag always wins. The file is optional.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

import pyarrow as pa
from pydantic import ConfigDict, Field, model_validator

from finops_pipeline.side_files.charge_selection import (
    Selection,
    check_days,
    check_sources,
    repeated,
    selection_row,
    selection_schema,
)
from finops_pipeline.side_files.reading import SideFileModel, load_side_file, write_side_table

OwnedColumn = Literal[
    "team",
    "project",
    "environment",
    "model_name",
    "workload_type",
    "business_unit",
    "owner",
    "cost_center",
    "dataset",
]
"""What a rule may say of a charge; the same columns that tags fill."""

_Text = Annotated[str, Field(min_length=1)]


class _Model(SideFileModel):
    model_config = ConfigDict(populate_by_name=True)


class OwnershipRule(_Model):
    """Who owns the selected charges, on which days."""

    name: _Text
    select: Selection
    set: Annotated[dict[OwnedColumn, _Text], Field(min_length=1)]
    source: str | None = None
    """Charges of this source only, as named in finops.yaml."""
    first_day: Annotated[date | None, Field(alias="from")] = None
    end_day: Annotated[date | None, Field(alias="to")] = None
    """The first day on which the rule no longer holds."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "OwnershipRule":
        check_days(self.first_day, self.end_day)
        return self


class Ownership(_Model):
    """The whole of `ownership.yaml`."""

    version: Literal[1] = 1
    rules: tuple[OwnershipRule, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Ownership":
        if names := repeated([rule.name for rule in self.rules]):
            raise ValueError(f"rule {names} is listed more than once; x_OwnerSource tells rules by their names")
        return self


def load_ownership(configuration: Path, sources: Collection[str]) -> Ownership:
    """The `ownership.yaml` beside a `finops.yaml`; no rules where there is none.

    Raises:
        ConfigurationError: the file says something that is not allowed, or names none of the `sources`; the message
            names key and line.
    """
    beside = configuration.parent / "ownership.yaml"
    if not beside.is_file():
        return Ownership()
    ownership = load_side_file(beside, Ownership, lists=("rules",))
    check_sources(beside, "rules", [rule.source for rule in ownership.rules], sources)
    return ownership


def write_ownership_table(ownership: Ownership, landing: Path) -> None:
    """Land the rules as `rules/ownership_rules.parquet`; the same rules leave the same bytes."""
    columns = get_args(OwnedColumn)
    write_side_table(
        landing / "rules" / "ownership_rules.parquet",
        pa.schema(
            [
                ("rule", pa.string()),
                ("rule_order", pa.int32()),
                ("source_name", pa.string()),
                ("first_day", pa.date32()),
                ("end_day", pa.date32()),
                *((column, pa.string()) for column in columns),
                *selection_schema("selected"),
            ]
        ),
        [
            {
                "rule": rule.name,
                "rule_order": order,
                "source_name": rule.source,
                "first_day": rule.first_day,
                "end_day": rule.end_day,
                **{str(column): rule.set.get(column) for column in columns},
                **selection_row("selected", rule.select),
            }
            for order, rule in enumerate(ownership.rules, start=1)
        ],
    )
