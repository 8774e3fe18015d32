"""Prepaid capacity: `amortization.yaml` as a typed model, and the table that dbt reads it from.

What a provider bills at once and does not spread itself (capacity blocks, training plans, provisioned throughput,
annual seats) is spread evenly over its term; the arithmetic is `int_prepayments_amortized`. The file is optional.
"""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from finops_pipeline.side_files.charge_selection import (
    Selection,
    check_days,
    check_sources,
    repeated,
    selection_row,
    selection_schema,
)
from finops_pipeline.side_files.reading import SideFileModel, load_side_file, write_side_table


class _Model(SideFileModel):
    model_config = ConfigDict(populate_by_name=True)


def _as_decimal(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else value


class Prepayment(_Model):
    """One prepaid capacity: which purchases paid for it, for how long, and which usage it covers."""

    name: Annotated[str, Field(min_length=1)]
    source: str
    """The source, as in finops.yaml, that bills the purchase and its usage."""
    purchase: Selection
    usage: Selection | None = None
    """The charges that use the capacity; without it each day's part stays with the purchase's owner."""
    first_day: Annotated[date, Field(alias="from")]
    end_day: Annotated[date, Field(alias="to")]
    """The day after the last day of the term."""
    capacity_per_day: Annotated[
        Annotated[Decimal, Field(gt=0, decimal_places=6)] | None, BeforeValidator(_as_decimal)
    ] = None
    """What a day has, in the usage's pricing unit; without it a day's part goes to who used any of it."""

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "Prepayment":
        check_days(self.first_day, self.end_day)
        if self.capacity_per_day is not None and self.usage is None:
            raise ValueError("capacity_per_day needs usage: without it nothing tells what was used")
        return self


class Amortization(_Model):
    """The whole of `amortization.yaml`."""

    version: Literal[1] = 1
    prepayments: tuple[Prepayment, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Amortization":
        if names := repeated([prepayment.name for prepayment in self.prepayments]):
            raise ValueError(f"prepayment {names} is listed more than once; keep one")
        return self


def load_amortization(configuration: Path, sources: Collection[str]) -> Amortization:
    """The `amortization.yaml` beside a `finops.yaml`; nothing to spread where there is none.

    Raises:
        ConfigurationError: the file says something that is not allowed, or names none of the `sources`; the message
            names key and line.
    """
    beside = configuration.parent / "amortization.yaml"
    if not beside.is_file():
        return Amortization()
    amortization = load_side_file(beside, Amortization, lists=("prepayments",))
    check_sources(beside, "prepayments", [prepayment.source for prepayment in amortization.prepayments], sources)
    return amortization


def write_prepayment_table(amortization: Amortization, landing: Path) -> None:
    """Land the prepayments as `rules/prepayments.parquet`; the same file leaves the same bytes."""
    write_side_table(
        landing / "rules" / "prepayments.parquet",
        pa.schema(
            [
                ("prepayment", pa.string()),
                ("rule_order", pa.int32()),
                ("source_name", pa.string()),
                ("first_day", pa.date32()),
                ("end_day", pa.date32()),
                ("capacity_per_day", pa.decimal128(38, 18)),
                ("has_usage", pa.bool_()),
                *selection_schema("purchase"),
                *selection_schema("usage"),
            ]
        ),
        [
            {
                "prepayment": prepayment.name,
                "rule_order": order,
                "source_name": prepayment.source,
                "first_day": prepayment.first_day,
                "end_day": prepayment.end_day,
                "capacity_per_day": prepayment.capacity_per_day,
                "has_usage": prepayment.usage is not None,
                **selection_row("purchase", prepayment.purchase),
                **selection_row("usage", prepayment.usage),
            }
            for order, prepayment in enumerate(amortization.prepayments, start=1)
        ],
    )
