"""The GCP billing exports (detailed, standard, FOCUS) as table dumps: which months a folder of dumps holds.

The dump files lie flat in one folder and are together the table, without a manifest. A month is `invoice.month`; it is
another delivery when its rows are others, however they are spread over files. The folder's listing (names, sizes,
times) tells whether anything has to be read at all.
https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile, parse_period
from finops_pipeline.extract.duck import literal, quoted, rows
from finops_pipeline.extract.reading import (
    JSON_LINES_ENDINGS,
    PARQUET,
    Relation,
    json_lines,
    relation,
    told_as_delivery_errors,
)
from finops_pipeline.extract.transport.protocol import Stat, Transport

_BILLING_MONTH = 'cast("invoice"."month" as varchar)'
# Midnight in California is a morning of the same day in UTC.
_FOCUS_MONTH = """strftime(cast("BillingPeriodStart" as timestamp), '%Y-%m')"""
_MONTHS = {"gcp_detailed": _BILLING_MONTH, "gcp_standard": _BILLING_MONTH, "gcp_focus": _FOCUS_MONTH}
_NEEDED = {
    "gcp_detailed": ("invoice", "export_time"),
    "gcp_standard": ("invoice", "export_time"),
    "gcp_focus": ("BillingPeriodStart", "x_ExportTime"),
}
"""The columns that tell the billing month and the export time of a row."""
_NEXT_STEP = "Dump the table again and run again. What was landed before stays."


@dataclass(frozen=True)
class Listing:
    """The dump files of a folder as the store lists them, without reading any."""

    location: str
    stats: dict[str, Stat]

    @property
    def text(self) -> str:
        """The listing in one line: stands in the ledger where other providers' deliveries name their manifest."""
        told = "\n".join(f"{key} {stat.size} {stat.etag}" for key, stat in sorted(self.stats.items()))
        digest = hashlib.sha256(told.encode()).hexdigest()[:16]
        return f"{self.location} ({len(self.stats)} files, listing {digest})"


@dataclass
class _Month:
    newest_export: datetime | None = None
    rows: int = 0
    content: int = 0
    files: list[OfferedFile] = field(default_factory=list)


def list_folder(transport: Transport) -> Listing:
    """The dump files of the folder; names that begin with '.' or '_' are marks of the tools that write dumps.

    Raises:
        DeliveryError: a file that is no dump: leaving it out could leave out money.
    """
    stats: dict[str, Stat] = {}
    endings = (*PARQUET[0], *JSON_LINES_ENDINGS)
    for key in transport.list(recursive=False):
        if key.startswith((".", "_")):
            continue
        if not key.lower().endswith(endings):
            raise DeliveryError(
                f"{transport.location}/{key} is no dump of the billing table; supported: {', '.join(endings)}."
                " Convert it, or move it out of the folder."
            )
        stat = transport.stat(key)
        if stat is not None:
            stats[key] = stat
    return Listing(transport.location, stats)


def read_offers(
    connection: duckdb.DuckDBPyConnection, scratch: Path, transport: Transport, listing: Listing, table: str
) -> Sequence[Offer]:
    """One offer per invoice month of a landed table, ordered. Reads every file; JSON is parsed once, into `scratch`.

    The identity of a month is its newest export time, its row count and an order-free checksum of its rows, so that a
    table dumped anew into other shards is the same delivery.

    Raises:
        DeliveryError: a file that is cut short or malformed, or a row without a valid invoice month.
    """
    months: dict[str, _Month] = defaultdict(_Month)
    for number, (key, stat) in enumerate(sorted(listing.stats.items())):
        converted = scratch / f"{number:05}.parquet" if key.lower().endswith(JSON_LINES_ENDINGS) else None
        for month, newest, count, content in _months_of(connection, transport, key, converted, table):
            known = months[month]
            known.newest_export = max(filter(None, (known.newest_export, newest)), default=None)
            known.rows += count
            known.content += content
            known.files.append(OfferedFile(key, key, stat.size, count, converted))
    return [_offer(transport, listing, period, months[period], table) for period in sorted(months)]


def _offer(transport: Transport, listing: Listing, period: str, month: _Month, table: str) -> Offer:
    exported = f"{month.newest_export:%Y%m%dT%H%M%S}" if month.newest_export else "unknown"
    return Offer(
        transport=transport,
        variant="",
        period=period,
        identity=f"export_time={month.newest_export};rows={month.rows};content={month.content:x}",
        manifest=listing.text,
        files=tuple(month.files),
        label=f"export-{exported}",
        rows=month.rows,
        submitted_at=month.newest_export,
        row_filter=f"replace({_MONTHS[table]}, '-', '') = '{period.replace('-', '')}'",
    )


def _months_of(
    connection: duckdb.DuckDBPyConnection, transport: Transport, key: str, converted: Path | None, table: str
) -> list[tuple[str, datetime | None, int, int]]:
    """(period, newest export time, rows, checksum) of the months in one file."""
    where = f"{transport.location}/{key}"
    try:
        found = relation(connection, transport.open_data(key), key, (PARQUET, json_lines(table)))
        for name in _NEEDED[table]:
            if not found.find(name):
                raise DeliveryError(f"has no column {name}, as the table {table} has")
        with told_as_delivery_errors():
            if converted is not None:
                select = ", ".join(quoted(name) for name in found.columns)
                copied = f"copy (select {select} from ({found.sql})) to {literal(str(converted))} (format parquet)"
                rows(connection, copied)
                found = relation(connection, converted, converted.name)
            months = _grouped(connection, found, table)
    except DeliveryError as error:
        raise DeliveryError(f"{where} {error}. {_NEXT_STEP}") from error
    periods = [(parse_period(month or ""), month, first) for month, _, _, _, first in months]
    for period, month, first in periods:
        if period is None:
            column = "BillingPeriodStart" if table == "gcp_focus" else "invoice.month"
            raise DeliveryError(f"{where}, row {first}: {column} is {month!r}; expected such as '202610'. {_NEXT_STEP}")
    return [
        (period, newest, count, content)
        for (period, _, _), (_, newest, count, content, _) in zip(periods, months, strict=True)
        if period is not None
    ]


def _grouped(connection: duckdb.DuckDBPyConnection, found: Relation, table: str) -> list[tuple]:
    columns = ", ".join(quoted(name) for name in found.columns)
    exported = f"cast({quoted(_NEEDED[table][1])} as timestamptz) at time zone 'UTC'"
    return rows(
        connection,
        f"""
        select {_MONTHS[table]} as month, max({exported}), count(*), sum(cast(hash({columns}) as hugeint)), min(x_row)
        from ({found.sql}) group by month order by month nulls first""",
    )
