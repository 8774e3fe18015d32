"""The GCP billing exports (detailed, standard, FOCUS) as table dumps: which months a folder of dumps holds.

The dump files lie flat in one folder and are together the table, without a manifest. A month is `invoice.month`; it is
another delivery when its rows are others, however they are spread over files. The folder's listing (names, sizes,
times) tells which files have to be read; what the others held is noted (`gcp_dump_files`).
https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.counted_twice import FEWEST_ROWS_OF_A_COPY
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.deliveries import Offer, OfferedFile, parse_period
from finops_pipeline.extract.duck import literal, quoted, rows
from finops_pipeline.extract.gcp_dump_files import DumpFiles, MonthInFile
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
        DeliveryError: a file that is no dump, or lies deeper: leaving it out could leave out money.
    """
    stats: dict[str, Stat] = {}
    endings = (*PARQUET[0], *JSON_LINES_ENDINGS)
    for key in transport.list():
        if any(part.startswith((".", "_")) for part in key.split("/")):
            continue
        is_dump = key.lower().endswith(endings)
        if "/" in key and is_dump:
            raise DeliveryError(
                f"{transport.location}/{key} is in a folder of its own; the dumps of a table lie side by side in"
                f" {transport.location}. Move it there, or out of the folder."
            )
        if "/" in key:
            continue
        if not is_dump:
            raise DeliveryError(
                f"{transport.location}/{key} is no dump of the billing table; supported: {', '.join(endings)}."
                " Convert it, or move it out of the folder."
            )
        stat = transport.stat(key)
        if stat is not None:
            stats[key] = stat
    return Listing(transport.location, stats)


def read_offers(
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
    transport: Transport,
    listing: Listing,
    table: str,
    noted: DumpFiles,
    landed: Mapping[str, str],
) -> tuple[list[Offer], dict[str, list[MonthInFile]]]:
    """One offer per invoice month of a landed table, ordered, and what each file holds. JSON is parsed into `scratch`.

    Files that are noted are not read again, but for JSON of a month that has to be landed. The identity of a month is
    its newest export time, its row count and an order-free checksum of its rows, so that a table dumped anew into other
    shards is the same delivery.

    Args:
        noted: what the files held when they were read before.
        landed: the identity of each month that is live.

    Raises:
        DeliveryError: a file that is cut short or malformed, or a row without a valid invoice month.
    """
    converted = {
        key: scratch / f"{number:05}.parquet"
        for number, key in enumerate(sorted(listing.stats))
        if key.lower().endswith(JSON_LINES_ENDINGS)
    }
    held = {key: noted.months_of(key, stat) for key, stat in sorted(listing.stats.items())}
    known = {key: months for key, months in held.items() if months is not None}
    found = {
        key: _months_of(connection, transport, key, converted.get(key), table) if months is None else months
        for key, months in held.items()
    }
    offers = _offers(transport, listing, table, found, converted)
    moved = {offer.period for offer in offers if landed.get(offer.period) != offer.identity}
    for key in converted.keys() & known.keys():
        if moved.intersection(month.period for month in known[key]):
            _months_of(connection, transport, key, converted[key], table)
    return offers, found


def _offers(
    transport: Transport,
    listing: Listing,
    table: str,
    held: Mapping[str, Sequence[MonthInFile]],
    converted: Mapping[str, Path],
) -> list[Offer]:
    months: dict[str, _Month] = defaultdict(_Month)
    first: dict[MonthInFile, str] = {}
    for key, parts in held.items():
        for part in parts:
            if part.rows >= FEWEST_ROWS_OF_A_COPY and first.setdefault(part, key) != key:
                raise DeliveryError(
                    f"{transport.location}/{key} has the same {part.rows:,} rows of {part.period} as {first[part]};"
                    " they would count twice. Keep one dump of the table, and run again. What was landed before stays."
                )
            month = months[part.period]
            month.newest_export = max(filter(None, (month.newest_export, part.newest_export)), default=None)
            month.rows += part.rows
            month.content += part.content
            month.files.append(OfferedFile(key, key, listing.stats[key].size, part.rows, converted.get(key)))
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
) -> list[MonthInFile]:
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
                _require_values(connection, found, table)
            months = _grouped(connection, found, table)
    except DeliveryError as error:
        raise DeliveryError(f"{where} {error}. {_NEXT_STEP}") from error
    periods = [(parse_period(month or ""), month, first) for month, _, _, _, first in months]
    for period, month, first in periods:
        if period is None:
            column = "BillingPeriodStart" if table == "gcp_focus" else "invoice.month"
            raise DeliveryError(f"{where}, row {first}: {column} is {month!r}; expected such as '202610'. {_NEXT_STEP}")
    return [
        MonthInFile(period, newest, count, content)
        for (period, _, _), (_, newest, count, content, _) in zip(periods, months, strict=True)
        if period is not None
    ]


def _require_values(connection: duckdb.DuckDBPyConnection, found: Relation, table: str) -> None:
    """JSON lines leave out what is null, so a column that no line has is one that the dump does not have."""
    columns = [name for names in DATASETS[table].required for name in [found.find(*names)] if name]
    plain = [name for name in columns if found.columns[name] in ("VARCHAR", "TIMESTAMP")]
    counts = ", ".join(f"count({quoted(name)})" for name in plain)
    [(lines, *values)] = rows(connection, f"select count(*), {counts} from ({found.sql})")
    missing = [name for name, count in zip(plain, values, strict=True) if lines and not count]
    if missing:
        raise DeliveryError(f"has no {', '.join(missing)} in any of its {lines:,} lines, as the table {table} has")


def _grouped(connection: duckdb.DuckDBPyConnection, found: Relation, table: str) -> list[tuple]:
    columns = ", ".join(quoted(name) for name in found.columns)
    exported = f"cast({quoted(_NEEDED[table][1])} as timestamptz) at time zone 'UTC'"
    return rows(
        connection,
        f"""
        select {_MONTHS[table]} as month, max({exported}), count(*), sum(cast(hash({columns}) as hugeint)), min(x_row)
        from ({found.sql}) group by month order by month nulls first""",
    )
