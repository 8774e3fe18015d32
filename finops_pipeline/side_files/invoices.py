"""The provider's invoices: `invoices.yaml` as a typed model, and the table that dbt reads their totals from.

Who has the invoices in hand lists their totals; `fct_reconciliation` puts them beside what was billed, and a check
blocks where they differ by more than is allowed. What is known and accepted is waived here, with its reason, an amount
and a last day. The file is optional.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import field_validator

from finops_pipeline.config_yaml import Problem, explain, read_yaml
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.faults import Currency, Month, Text, shaped
from finops_pipeline.side_files.reading import SideFileModel, as_written, load_side_file, write_side_table

_DIGITS = r"\d{1,18}(\.\d{1,6})?"
_Amount = Annotated[str, shaped(_DIGITS, "digits alone, with at most six decimals: 25 or '25.50'")]
_SignedAmount = Annotated[str, shaped(f"-?{_DIGITS}", "digits alone, with at most six decimals: 1250 or '-1250.75'")]


class Invoice(SideFileModel):
    """One invoice or credit note, with its total before any payment."""

    source: str
    period: Month
    currency: Currency
    id: str | None = None
    total: _SignedAmount

    _bare = field_validator("total", mode="before")(as_written)


class Waiver(SideFileModel):
    """A difference known and accepted for a while: of bill and invoices, or of a month that came again smaller."""

    source: str
    period: Month
    currency: Currency
    reason: Text
    up_to: _Amount
    """The largest difference, either way, that it accepts."""
    until: date
    """The last day on which it holds."""

    _bare = field_validator("up_to", mode="before")(as_written)


class Invoices(SideFileModel):
    """The whole of `invoices.yaml`."""

    version: Literal[1] = 1
    tolerance: _Amount = "0.01"
    """The difference that rounding explains, for each source, month and currency."""
    invoices: tuple[Invoice, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    _bare = field_validator("tolerance", mode="before")(as_written)

    def accepted(self, source: str, period: str, currency: str, today: date) -> tuple[Decimal, str | None]:
        """The largest difference that is accepted on a day, and the reason of the waiver that says so."""
        waivers = self._waivers(source, period, currency)
        waived = [(Decimal(waiver.up_to), waiver.reason) for waiver in waivers if today <= waiver.until]
        return max(waived, default=(Decimal(self.tolerance), None))

    def ended(self, source: str, period: str, currency: str, today: date) -> Waiver | None:
        """The waiver that ended last, where none holds any more: who waived the difference thinks that it still is."""
        waivers = sorted(self._waivers(source, period, currency), key=lambda waiver: waiver.until)
        return waivers[-1] if waivers and waivers[-1].until < today else None

    def by_month(self) -> dict[tuple[str, str, str], list[Invoice]]:
        """The invoices of each source, month and currency."""
        months = defaultdict[tuple[str, str, str], list[Invoice]](list)
        for one in self.invoices:
            months[one.source, one.period, one.currency].append(one)
        return dict(months)

    def _waivers(self, *key: str) -> list[Waiver]:
        return [waiver for waiver in self.waivers if (waiver.source, waiver.period, waiver.currency) == key]


def load_invoices(configuration: Path, sources: Collection[str]) -> Invoices:
    """The `invoices.yaml` beside a `finops.yaml`; no invoices where there is none.

    Raises:
        ConfigurationError: the file says something that is not allowed, or names a source that `finops.yaml` has not
            got; the message names key and line.
    """
    path = configuration.parent / "invoices.yaml"
    if not path.is_file():
        return Invoices()
    loaded = load_side_file(path, Invoices, lists=("invoices", "waivers"))
    problems = list(_problems(loaded, sources))
    if problems:
        raise ConfigurationError(explain(path, problems, read_yaml(path)))
    return loaded


def write_invoice_table(invoices: Invoices, landing: Path, today: date | None = None) -> None:
    """Land the totals as `rules/invoices.parquet`; the same invoices leave the same bytes.

    The waivers that hold `today` are landed beside them for the fingerprint alone: a morning on which one has ended is
    no quiet one, since what it waived blocks again.
    """
    texts = ("source_name", "billing_period", "billing_currency", "invoice_id")
    write_side_table(
        landing / "rules" / "invoices.parquet",
        pa.schema([*((name, pa.string()) for name in texts), ("total", pa.decimal128(38, 18))]),
        [
            dict(
                zip((*texts, "total"), (one.source, one.period, one.currency, one.id, Decimal(one.total)), strict=True)
            )
            for one in invoices.invoices
        ],
    )
    held = [waiver for waiver in invoices.waivers if today is None or today <= waiver.until]
    names = ("source", "period", "currency", "up_to", "reason")
    write_side_table(
        landing / "rules" / "waivers.parquet",
        pa.schema([(name, pa.string()) for name in names]),
        [{name: getattr(waiver, name) for name in names} for waiver in held],
    )


def _problems(invoices: Invoices, sources: Collection[str]) -> Iterator[Problem]:
    known = ", ".join(sorted(sources)) or "none"
    for key, entries in (("invoices", invoices.invoices), ("waivers", invoices.waivers)):
        for index, entry in enumerate(entries):
            if entry.source not in sources:
                yield Problem((key, index, "source"), f"is {entry.source!r}, no source of finops.yaml; known: {known}")
            if entry in entries[:index]:
                yield Problem((key, index), "is listed a second time; keep one of them")
