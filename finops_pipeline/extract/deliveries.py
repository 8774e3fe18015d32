"""The words of extraction: what a source offers, what was landed, and in which window of months.

Data only. How offers are found is in the provider modules, how they are copied in `landing`, which deliveries are
live in `ledger`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.transport.protocol import Transport

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops_pipeline.extract.reading import Relation


@dataclass(frozen=True)
class Window:
    """The billing months a run is asked for, inclusive; None on a side leaves it open.

    Without both, a run takes every period whose identity changed, among them the open month and the one before.
    """

    from_period: str | None
    to_period: str | None
    now: datetime

    @property
    def open_period(self) -> str:
        """The month of the clock, 'YYYY-MM'."""
        return f"{self.now:%Y-%m}"

    def contains(self, period: str) -> bool:
        """Whether deliveries of this period are considered."""
        return (self.from_period or "") <= period <= (self.to_period or "9999-12")

    def expected_periods(self) -> list[str]:
        """The periods a person expects to see: the named months up to now, else the open month."""
        first = self.from_period or self.to_period or self.open_period
        last = min(self.to_period or self.open_period, self.open_period)
        periods = []
        while first <= last:
            periods.append(first)
            first = _following(first)
        return periods

    def recent_periods(self) -> list[str]:
        """The named months, else the open month and the one before it, which providers still write."""
        if self.from_period or self.to_period:
            return self.expected_periods()
        year, month = self.now.year, self.now.month
        return [f"{year - (month == 1)}-{(month + 10) % 12 + 1:02}", self.open_period]


def _following(period: str) -> str:
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12}-{month % 12 + 1:02}"


@dataclass(frozen=True)
class OfferedFile:
    """A data file of a delivery. `name` is how the manifest names it; sizes and rows where the manifest tells them."""

    key: str
    name: str
    size: int | None = None
    rows: int | None = None
    converted: Path | None = None
    """The same rows as Parquet, where a reader had to parse the file to know what it offers."""
    relation: "Callable[[DuckDBPyConnection], Relation] | None" = field(default=None, repr=False, compare=False)
    """The rows, where they come from no file: those of a table."""


@dataclass(frozen=True)
class Offer:
    """One complete delivery a source has to offer: a period (and variant) as one manifest describes it."""

    transport: Transport = field(repr=False, compare=False)
    variant: str
    period: str
    identity: str
    manifest: str
    """The manifest as a person finds it, for messages and the ledger."""
    files: tuple[OfferedFile, ...]
    label: str = ""
    """The execution or run, in front of the delivery's id, so that a person recognises it."""
    manifest_key: str | None = None
    manifest_etag: str | None = None
    rows: int | None = None
    submitted_at: datetime | None = None
    row_filter: str | None = None
    """SQL over delivered columns where a file holds rows of several periods (GCP)."""

    @property
    def delivery_id(self) -> str:
        """Path-safe and the same for the same identity, wherever and whenever it is landed."""
        label = re.sub(r"[^A-Za-z0-9_-]+", "-", self.label).strip("-")[:80]
        digest = hashlib.sha256(self.identity.encode()).hexdigest()[:12]
        return f"{label}-{digest}" if label else digest

    def refused(self, file: str, found: str, expected: str, next_step: str) -> DeliveryError:
        """The refusal of this delivery, naming file and manifest."""
        return DeliveryError(
            f"{self.period}: {file}, named by {self.manifest}, {found}; expected {expected}. {next_step}"
            " What was landed before stays."
        )


@dataclass(frozen=True)
class Total:
    """The raw total of a delivery for one currency and cost basis, straight from the delivered amounts.

    `raw_cost` sums the amounts, each rounded half away from zero to 18 decimals; `beyond_scale` sums what the rounding
    took away, to 37 decimals. Their sum is the total at full precision.
    """

    billing_currency: str | None
    cost_basis: str
    raw_cost: Decimal
    beyond_scale: Decimal

    @property
    def exact(self) -> Decimal:
        """The total at full precision."""
        with localcontext(prec=100):
            return self.raw_cost + self.beyond_scale

    def __str__(self) -> str:
        return f"{self.exact.normalize(Context(prec=100)):f} {self.billing_currency or 'no currency'} {self.cost_basis}"


def sum_totals(totals: Iterable[Total]) -> list[Total]:
    """Totals added up exactly by currency and cost basis, in that order."""
    sums: dict[tuple[str, str], Total] = {}
    with localcontext(prec=100):
        for total in totals:
            key = (total.billing_currency or "", total.cost_basis)
            known = sums.get(key, Total(total.billing_currency, total.cost_basis, Decimal(0), Decimal(0)))
            raw, beyond = known.raw_cost + total.raw_cost, known.beyond_scale + total.beyond_scale
            sums[key] = Total(total.billing_currency, total.cost_basis, raw, beyond)
    return [sums[key] for key in sorted(sums)]


@dataclass(frozen=True)
class LandedFile:
    """A data file and where its rows were landed (relative to the landing zone)."""

    name: str
    size: int
    etag: str
    rows: int
    landed: str


@dataclass(frozen=True)
class Drift:
    """How the columns of a delivery differ from those of the one before, or else from the declared ones."""

    compared_with: str | None = None
    """The delivery whose columns were the known ones; None: the declared columns were."""
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    """Such as 'Quantity BIGINT -> DOUBLE'."""

    def __str__(self) -> str:
        told = {"added": self.added, "missing": self.missing, "retyped": self.retyped}
        return "; ".join(f"{what} {_some(names)}" for what, names in told.items() if names)


_NAMES_SHOWN = 50


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


@dataclass(frozen=True)
class Delivery:
    """One row of the ledger."""

    table_name: str
    source_name: str
    provider: str
    dataset: str
    variant: str
    billing_period: str | None
    delivery_id: str
    identity: str
    status: str
    rows: int
    totals: tuple[Total, ...]
    files: tuple[LandedFile, ...]
    manifest: str
    submitted_at: datetime | None
    previous_delivery_id: str | None
    seen_at: datetime
    drift: Drift = Drift()

    @property
    def folder(self) -> str:
        """Where its parts stand, relative to the landing zone (bills; usage files have a folder by their name)."""
        return f"{self.table_name}/{self.source_name}/{self.billing_period}/{self.delivery_id}"

    def missing_parts(self, landing: Path) -> list[Path]:
        """Landed files that somebody removed from the landing zone."""
        return [part for file in self.files if not (part := landing / file.landed).is_file()]

    @property
    def slot(self) -> tuple[str, str, str, str | None]:
        """What a delivery replaces as a whole: table, source, variant, period. One delivery per slot is live."""
        return (self.table_name, self.source_name, self.variant, self.billing_period)

    @property
    def address(self) -> tuple[str, str, str, str | None, str]:
        """The key of the ledger: the slot and the delivery in it."""
        return (*self.slot, self.delivery_id)


def parse_period(text: str) -> str | None:
    """'YYYY-MM' of '2026-10' or '202610', or None when it is no month."""
    match = re.fullmatch(r"(\d{4})-?(0[1-9]|1[0-2])", text)
    return f"{match[1]}-{match[2]}" if match else None
