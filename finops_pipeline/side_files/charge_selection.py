"""How a side file selects charges: FOCUS columns and the values each may have, `*` standing for any text.

Used by `amortization.yaml` and `ownership.yaml`; the SQL side is the macro `charge_is_selected`.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pyarrow as pa
from pydantic import AfterValidator, BeforeValidator, Field

from finops_pipeline.config_yaml import Problem, explain, read_yaml
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.focus import ALLOWED_VALUES

SelectionColumn = Literal[
    "BillingAccountId",
    "CapacityReservationId",
    "ChargeCategory",
    "ChargeDescription",
    "InvoiceId",
    "PublisherName",
    "RegionId",
    "ResourceId",
    "ResourceName",
    "ServiceName",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SubAccountId",
]
"""The columns by which charges are selected; dbt's `charge_selection_columns()` names the same."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Values = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1), BeforeValidator(_as_list)]


def _closed_columns_have_their_values(selection: dict[SelectionColumn, list[str]]) -> dict[SelectionColumn, list[str]]:
    for column, values in selection.items():
        allowed = ALLOWED_VALUES.get(column, ())
        for value in values if allowed else ():
            if "*" not in value and value not in allowed:  # it would select nothing, for ever
                raise ValueError(f"{column} is never {value!r}; allowed, letter for letter: {', '.join(allowed)}")
    return selection


Selection = Annotated[
    dict[SelectionColumn, _Values], Field(min_length=1), AfterValidator(_closed_columns_have_their_values)
]
"""Every column named must have one of its values."""


def selection_schema(prefix: str) -> list[pa.Field]:
    """The columns of a landed selection: for each FOCUS column the patterns it may match, null for any value."""
    return [pa.field(f"{prefix}_{name}", pa.list_(pa.string())) for name in get_args(SelectionColumn)]


def selection_row(prefix: str, selection: Mapping[SelectionColumn, list[str]] | None) -> dict[str, list[str] | None]:
    """A selection as landed: patterns of SQL's `like` with `\\` as the escape character."""
    chosen: Mapping[str, list[str]] = {str(name): values for name, values in (selection or {}).items()}
    return {
        f"{prefix}_{name}": [_like(value) for value in chosen[name]] if name in chosen else None
        for name in get_args(SelectionColumn)
    }


def repeated(names: list[str]) -> str:
    """The names that stand more than once, quoted, for a message; empty if none does."""
    return ", ".join(repr(name) for name in sorted({name for name in names if names.count(name) > 1}))


def check_days(first: date | None, end: date | None) -> None:
    """Refuse days that end before they start.

    Raises:
        ValueError: the message names both days.
    """
    if first is not None and end is not None and end <= first:
        raise ValueError(f"ends on {end}, which is not after its first day {first}; `to` is the day after the last")


def check_sources(path: Path, key: str, named: Iterable[str | None], known: Collection[str]) -> None:
    """Refuse entries of a side file's list `key` that name a source finops.yaml has not got.

    Raises:
        ConfigurationError: every such entry with its line.
    """
    problems = [
        Problem(
            (key, index, "source"), f"is {source!r}, which finops.yaml has not got; its sources: {', '.join(known)}"
        )
        for index, source in enumerate(named)
        if source is not None and source not in known
    ]
    if problems:
        raise ConfigurationError(explain(path, problems, read_yaml(path)))


def _like(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
