"""Budgets: `budgets.yaml` as a typed model, and the small table that dbt reads it from.

A budget sets an amount against a part of the ledger (`cost:`, selected as in metrics.yaml) or against the charges that
carry a tag (`tag:`). How it stands on a day is SQL (`fct_budget_status`). The file is optional.
"""

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import AliasChoices, Field, field_validator, model_validator

from finops_pipeline.config_yaml import KeyPath, Problem, explain, read_yaml
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.rules.ruleset import normalized_keys
from finops_pipeline.side_files.faults import Currency, Month, Text, shaped
from finops_pipeline.side_files.metrics import SELECTION_COLUMNS, Selection
from finops_pipeline.side_files.reading import SideFileModel, as_written, load_side_file, write_side_table

TOTAL = "total"
"""What a share may be of besides another budget: everything the ledger holds."""

_Name = Annotated[str, shaped(r"[a-z0-9][a-z0-9_-]*", "lower-case letters, digits, '-' and '_'")]
_Decimal = Annotated[
    str, shaped(r"\d{1,15}(\.\d{1,6})?", "digits alone, with at most six decimals: 12500 or '12500.50'")
]
_Thresholds = list[Annotated[int, Field(ge=1, le=1000)]]
_MONEY = pa.decimal128(38, 18)
_SMALLEST = Decimal(1).scaleb(-18)
_ALL_DIGITS = Context(prec=76, rounding=ROUND_HALF_UP)


class TagSelection(SideFileModel):
    """Charges that carry a tag, with any value or with one of some."""

    key: Text
    values: Annotated[list[str] | None, Field(min_length=1)] = None


class Share(SideFileModel):
    """An amount that is a percentage of another budget's, or of the whole ledger's forecast for the period."""

    of: str
    percent: _Decimal

    _bare = field_validator("percent", mode="before")(as_written)

    @model_validator(mode="after")
    def _is_a_part(self) -> "Share":
        if not 0 < Decimal(self.percent) <= 100:
            raise ValueError(f"percent is {self.percent}; expected more than 0 and at most 100")
        return self


class Thresholds(SideFileModel):
    """Percentages of the amount above which somebody is told."""

    actual: _Thresholds = Field(default_factory=lambda: [100])
    forecast: _Thresholds = Field(default_factory=lambda: [100])


class Budget(SideFileModel):
    """One budget: whose, for what, how much in each period, and when to warn."""

    name: _Name
    owner: Text
    period: Literal["month", "quarter", "year"]
    amount: _Decimal | None = None
    share: Share | None = None
    currency: Currency | None = None
    """By default the reporting currency, into which every cost is converted."""
    cost_basis: Literal["effective", "billed"] = "effective"
    cost: Selection = Selection()
    tag: TagSelection | None = None
    warn_at: Thresholds = Thresholds()
    from_month: Month | None = Field(default=None, validation_alias=AliasChoices("from"))
    to_month: Month | None = Field(default=None, validation_alias=AliasChoices("to"))

    _bare = field_validator("amount", mode="before")(as_written)

    @model_validator(mode="after")
    def _is_unambiguous(self) -> "Budget":
        if (self.amount is None) == (self.share is None):
            raise ValueError("needs either amount or share (of another budget or of total)")
        if self.amount is not None and Decimal(self.amount) == 0:
            raise ValueError("has the amount 0; expected more than 0")
        if self.tag is not None and self.cost != Selection():
            raise ValueError("needs either cost (a part of the ledger) or tag (charges that carry it), not both")
        if self.from_month and self.to_month and self.from_month > self.to_month:
            raise ValueError(f"begins with {self.from_month}, after it ends with {self.to_month}")
        return self

    @property
    def key(self) -> str:
        """A budget whose amount changes is listed again with another `from`; the two are one budget to its readers."""
        return f"{self.name}@{self.from_month or ''}"

    def holds_with(self, other: "Budget") -> bool:
        """Whether two entries hold in the same month."""
        first, last = max(self.from_month or "", other.from_month or ""), "9999-99"
        return first <= min(self.to_month or last, other.to_month or last)


class Budgets(SideFileModel):
    """The whole of `budgets.yaml`."""

    version: Literal[1] = 1
    fiscal_year_begins: Annotated[int, Field(ge=1, le=12)] = 1
    """The month in which years, and with them quarters, begin: for budgets and for the calendar (`dim_date`)."""
    budgets: tuple[Budget, ...] = ()


def load_budgets(configuration: Path, reporting_currency: str) -> Budgets:
    """The `budgets.yaml` beside a `finops.yaml`; no budgets where there is none.

    Raises:
        ConfigurationError: the file says something that is not allowed; the message names key and line.
    """
    path = configuration.parent / "budgets.yaml"
    if not path.is_file():
        return Budgets()
    loaded = load_side_file(path, Budgets, lists=("budgets",))
    entries = tuple(
        entry.model_copy(update={"currency": entry.currency or reporting_currency}) for entry in loaded.budgets
    )
    problems = list(_problems_between(entries))
    if problems:
        raise ConfigurationError(explain(path, problems, read_yaml(path)))
    return loaded.model_copy(update={"budgets": entries})


def write_budget_table(budgets: Budgets, landing: Path) -> None:
    """Land the budgets as `rules/budgets.parquet`, and when years begin; the same budgets leave the same bytes.

    A share of another budget is landed as its amount. A share of the total is landed with the key of a row that is not
    published and selects everything, in the same period, basis and currency.
    """
    rows = [_row(entry, budgets.budgets) for entry in budgets.budgets]
    totals = {row["total_key"]: row for row in rows if row["total_key"]}
    rows += [
        {
            **dict.fromkeys(row),
            **{name: row[name] for name in ("period_kind", "cost_basis", "billing_currency")},
            "budget_key": key,
            "budget": key,
            "is_published": False,
        }
        for key, row in sorted(totals.items())
    ]
    texts = ("budget_key", "budget", "owner", "period_kind", "cost_basis", "billing_currency", "total_key")
    write_side_table(
        landing / "rules" / "budgets.parquet",
        pa.schema(
            [(name, pa.string()) for name in texts]
            + [("amount", _MONEY), ("percent_of_total", _MONEY)]
            + [(f"{what}_thresholds", pa.list_(pa.int32())) for what in ("actual", "forecast")]
            + [
                ("valid_from", pa.date32()),
                ("valid_to", pa.date32()),
                ("is_published", pa.bool_()),
            ]
            + [(name, pa.list_(pa.string())) for name in ("tag_keys", "tag_values")]
            + [(f"selected_{column}", pa.list_(pa.string())) for column in SELECTION_COLUMNS]
        ),
        rows,
    )
    write_side_table(
        landing / "rules" / "fiscal_year.parquet",
        pa.schema([("fiscal_offset_months", pa.int32())]),
        [{"fiscal_offset_months": budgets.fiscal_year_begins - 1}],
    )


def _row(entry: Budget, entries: tuple[Budget, ...]) -> dict[str, Any]:
    with localcontext(_ALL_DIGITS):
        # a third of a third has more digits than money
        amount, percent = (value and value.quantize(_SMALLEST) for value in _resolved(entry, entries))
    return {
        "budget_key": entry.key,
        "budget": entry.name,
        "owner": entry.owner,
        "period_kind": entry.period,
        "cost_basis": entry.cost_basis,
        "billing_currency": entry.currency,
        "total_key": f"{TOTAL}/{entry.period}/{entry.cost_basis}/{entry.currency}" if percent else None,
        "amount": amount,
        "percent_of_total": percent,
        "actual_thresholds": sorted(entry.warn_at.actual),
        "forecast_thresholds": sorted(entry.warn_at.forecast),
        "valid_from": _first_day(entry.from_month),
        "valid_to": _first_day_after(entry.to_month),
        "is_published": True,
        "tag_keys": normalized_keys([entry.tag.key]) if entry.tag else None,
        "tag_values": entry.tag.values if entry.tag else None,
        **{f"selected_{column}": getattr(entry.cost, column) for column in SELECTION_COLUMNS},
    }


def _resolved(entry: Budget, entries: tuple[Budget, ...]) -> tuple[Decimal | None, Decimal | None]:
    """The entry's amount, or its percentage of the total, through every share on the way."""
    if entry.share is None:
        return Decimal(entry.amount or 0), None
    percent = Decimal(entry.share.percent)
    if entry.share.of == TOTAL:
        return None, percent
    amount, outer = _resolved(_base(entry, entries)[0], entries)
    part = percent / 100
    return (None if amount is None else amount * part), (None if outer is None else outer * part)


def _base(entry: Budget, entries: tuple[Budget, ...]) -> list[Budget]:
    """The entries that a share is of: those of that name that hold in the same months."""
    assert entry.share is not None
    return [other for other in entries if other.name == entry.share.of and entry.holds_with(other)]


def _problems_between(entries: tuple[Budget, ...]) -> Iterator[Problem]:
    for index, entry in enumerate(entries):
        place: KeyPath = ("budgets", index)
        if any(entry.name == other.name and entry.holds_with(other) for other in entries[:index]):
            yield Problem((*place, "name"), f"is {entry.name!r} again, for months that the first one holds in, too")
        if entry.name == TOTAL:
            yield Problem((*place, "name"), f"is {TOTAL!r}, which shares use for the whole ledger; choose another")
        if entry.share is not None and entry.share.of != TOTAL:
            fault = _fault_of_share(entry, entries)
            if fault:
                yield Problem((*place, "share", "of"), fault)


def _fault_of_share(entry: Budget, entries: tuple[Budget, ...]) -> str | None:
    assert entry.share is not None
    seen, current = {entry.key}, entry
    while current.share is not None and current.share.of != TOTAL:
        bases = _base(current, entries)
        if len(bases) != 1:
            known = ", ".join([*sorted({other.name for other in entries} - {current.name}), TOTAL])
            count = f"{len(bases)} budgets" if bases else "no budget"
            return f"is {current.share.of!r}, which is {count} of those months; known: {known}"
        [base] = bases
        if base.key in seen:
            return f"is {entry.share.of!r}, which is itself a share of this budget"
        for what in ("period", "currency", "cost_basis"):
            if getattr(base, what) != getattr(entry, what):
                return f"is {base.name!r}, whose {what} is {getattr(base, what)!r}, not {getattr(entry, what)!r}"
        seen.add(base.key)
        current = base
    return None


def _first_day(month: str | None) -> date | None:
    return date.fromisoformat(f"{month}-01") if month else None


def _first_day_after(month: str | None) -> date | None:
    if month is None:
        return None
    year, number = int(month[:4]), int(month[5:])
    return date(year + number // 12, number % 12 + 1, 1)
