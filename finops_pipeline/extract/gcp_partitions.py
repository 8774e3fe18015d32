"""Which invoice months a billing export's table offers, told by the ingestion partitions their rows are in.

Google appends: rows of a month arrive in the partitions of many days, corrections of a closed month too. One query over
the invoice month and the export time says how many rows each partition holds of each month and when the newest was
exported. What it answers is a month's manifest: equal answers, equal rows. Partitions that did not move keep the rows
that were landed; the others are read again, and the month is replaced as a whole.
https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.declared import ADDRESS_COLUMNS
from finops_pipeline.extract.deliveries import Delivery, LandedFile, Offer, OfferedFile, parse_period
from finops_pipeline.extract.duck import file_literal, quoted, rows
from finops_pipeline.extract.gcp_bigquery import BillingTable
from finops_pipeline.extract.manifests import Found
from finops_pipeline.extract.reading import Relation, told_as_delivery_errors
from finops_pipeline.extract.transport.protocol import Stat, content_etag

if TYPE_CHECKING:
    from finops_pipeline.extract.transport.bigquery_export import BigQueryExport


@dataclass(frozen=True)
class Layout:
    """Where a dataset's table says which month a row is invoiced in, and when it was exported."""

    month: str
    """BigQuery SQL for the month as 'YYYYMM'."""
    exported: str
    month_filter: Callable[[str], str]
    """BigQuery SQL for the rows of a month 'YYYYMM', in words a read session understands as well."""
    needed: tuple[str, ...]
    order: tuple[str, ...]
    """Columns the landed rows are ordered by: the same table gives the same file, whatever order its streams have."""


def _starts_in(month: str) -> str:
    year, number = int(month[:4]), int(month[4:])
    following = f"{year + number // 12}-{number % 12 + 1:02}-01"
    first = f"BillingPeriodStart >= TIMESTAMP '{month[:4]}-{month[4:]}-01 00:00:00+00'"
    return f"{first} AND BillingPeriodStart < TIMESTAMP '{following} 00:00:00+00'"


_INVOICED = Layout(
    month="invoice.month",
    exported="export_time",
    month_filter=lambda month: f"invoice.month = '{month}'",
    needed=("invoice", "export_time"),
    order=("export_time", "usage_start_time"),
)
# The first of the month in Pacific time or in UTC: either is in the same month of UTC.
_FOCUS = Layout(
    month="FORMAT_TIMESTAMP('%Y%m', BillingPeriodStart)",
    exported="x_ExportTime",
    month_filter=_starts_in,
    needed=("BillingPeriodStart", "x_ExportTime"),
    order=("x_ExportTime", "ChargePeriodStart"),
)
LAYOUTS: dict[str, Layout] = {"gcp_detailed": _INVOICED, "gcp_standard": _INVOICED, "gcp_focus": _FOCUS}
"""By landed table."""


@dataclass(frozen=True)
class PartitionRows:
    """The rows of one month in one ingestion partition, as the probe counted them."""

    partition: datetime
    period: str
    rows: int
    exported_at: datetime | None

    @property
    def name(self) -> str:
        """What stands in the address of each of its rows."""
        day = f"{self.partition:%Y-%m-%d}"
        return f"partition {day}" if self.partition.hour == 0 else f"partition {day} {self.partition:%H}h"

    @property
    def key(self) -> str:
        """The key of the transport: the month and the partition."""
        return f"{self.period}/{self.name}"

    @property
    def etag(self) -> str:
        """Changes when rows of the month were appended to the partition."""
        return f"{self.exported_at.isoformat() if self.exported_at else 'unknown'}/{self.rows}"


class Partitions:
    """The months and partitions of one table."""

    def __init__(self, table: BillingTable, layout: Layout):
        self.table, self.layout = table, layout

    def probe(self, period: str | None = None) -> dict[str, list[PartitionRows]]:
        """The partitions of each month (or of one), ordered. Reads two columns.

        Raises:
            DeliveryError: rows without a valid invoice month, or without the columns of a billing export.
        """
        self.require_columns((name,) for name in self.layout.needed)
        only = f" AND {self.layout.month_filter(period.replace('-', ''))}" if period else ""
        # The constant comparison prunes nothing, satisfies tables that require a filter on the partition, and leaves
        # out rows that are still in a streaming buffer and in no partition yet.
        sql = f"""
            SELECT _PARTITIONTIME AS partition_time, {self.layout.month} AS month, COUNT(*) AS row_count,
                MAX({self.layout.exported}) AS exported_at
            FROM {self.table.name}
            WHERE _PARTITIONTIME >= TIMESTAMP '1970-01-01 00:00:00+00'{only}
            GROUP BY partition_time, month"""
        found: dict[str, list[PartitionRows]] = defaultdict(list)
        for partition, month, count, exported in self.table.query(sql):
            known = parse_period(month or "") if re.fullmatch(r"\d{6}", month or "") else None
            if known is None:
                raise DeliveryError(
                    f"{self.table.location}: {count:,} rows of the partition {partition:%Y-%m-%d} have the invoice"
                    f" month {month!r}; expected such as '202610'. Ask Google's billing support; nothing was landed."
                )
            found[known].append(PartitionRows(partition.astimezone(UTC), known, count, exported))
        return {known: sorted(found[known], key=lambda part: part.partition) for known in sorted(found)}

    def require_columns(self, groups: Iterable[Sequence[str]]) -> None:
        """Raise DeliveryError unless one column of each group is there: the table is no export of this dataset."""
        known = {name.lower() for name in self.table.columns}
        missing = [" or ".join(names) for names in groups if not known & {name.lower() for name in names}]
        if missing:
            raise DeliveryError(
                f"{self.table.location} has no column {', '.join(missing)}, as this dataset's export has."
                " Check the table of the uri, and dataset: detailed, standard or focus."
            )

    def filter(self, part: PartitionRows) -> str:
        """BigQuery SQL for exactly these rows."""
        month = self.layout.month_filter(part.period.replace("-", ""))
        return f"_PARTITIONTIME = TIMESTAMP '{part.partition:%Y-%m-%d %H:%M:%S}+00' AND {month}"


def manifest_text(parts: Sequence[PartitionRows]) -> str:
    """What the probe says of a month."""
    return "\n".join(f"{part.name} {part.etag}" for part in parts)


def read_offers(
    transport: "BigQueryExport",
    parts_by_period: Mapping[str, Sequence[PartitionRows]],
    live: Mapping[str, Delivery],
    landing: Path,
) -> Found:
    """One offer per month, ordered; where landed partitions have vanished for no good reason, an error in its place."""
    found: list[Offer | DeliveryError] = []
    oldest = min((parts[0].partition for parts in parts_by_period.values()), default=None)
    for period, parts in parts_by_period.items():
        before = live.get(period)
        # Rows of another table, or of a dump, are no part of this one.
        known = {file.name: file for file in before.files} if before and before.manifest == transport.location else {}
        try:
            gone = _expired(period, parts, known, oldest, transport.location)
            found.append(_offer(transport, period, parts, known, gone, landing))
        except DeliveryError as error:
            found.append(error)
    return found


def _expired(
    period: str,
    parts: Sequence[PartitionRows],
    known: Mapping[str, LandedFile],
    oldest: datetime | None,
    location: str,
) -> list[LandedFile]:
    """The landed partitions that have expired since: FOCUS rows do after two years, others if somebody set it.

    A bill does not shrink because its export forgets, so their rows stay. Expiry takes the oldest partitions of a
    table; one that is missing between others was deleted by someone.
    """
    names = {part.name for part in parts}
    gone = [file for name, file in sorted(known.items()) if name not in names]
    first_kept = f"partition {oldest:%Y-%m-%d}" if oldest else ""
    for file in gone:
        if file.name >= first_kept:
            raise DeliveryError(
                f"{period}: {file.rows:,} rows of the {file.name} of {location} were landed, and the table has none of"
                " them now; expected a partition that was landed to stay until it expires. Find out who deleted it:"
                " `bq head` and time travel show it for seven days. What was landed before stays."
            )
    return gone


def _offer(
    transport: "BigQueryExport",
    period: str,
    parts: Sequence[PartitionRows],
    known: Mapping[str, LandedFile],
    gone: Sequence[LandedFile],
    landing: Path,
) -> Offer:
    unmoved = [part for part in parts if _is_landed(part, known, landing)]
    moved = [part for part in parts if part not in unmoved]
    stays = [*gone, *(known[part.name] for part in unmoved)]
    etags = {file.name: file.etag for file in stays} | {part.name: part.etag for part in moved}
    transport.note({f"{period}/{name}": Stat(0, etag) for name, etag in etags.items()}, moved)
    files = [
        *(OfferedFile(f"{period}/{f.name}", f.name, None, f.rows, relation=_landed(landing / f.landed)) for f in stays),
        *(OfferedFile(p.key, p.name, None, p.rows, relation=transport.relation_of(p)) for p in moved),
    ]
    exported = max((part.exported_at for part in parts if part.exported_at), default=None)
    told = transport.location + "".join(f"\n{name} {etag}" for name, etag in sorted(etags.items()))
    count = sum(file.rows or 0 for file in files)
    return Offer(
        transport=transport,
        variant="",
        period=period,
        identity=f"partitions={len(files)};rows={count};exported={content_etag(told.encode())[:32]}",
        manifest=transport.location,
        files=tuple(sorted(files, key=lambda file: file.name)),
        label=f"export-{exported:%Y%m%dT%H%M%S}" if exported else "export-unknown",
        manifest_key=period,
        manifest_etag=content_etag(manifest_text(parts).encode()),
        rows=count,
        submitted_at=exported.astimezone(UTC).replace(tzinfo=None) if exported else None,
    )


def _is_landed(part: PartitionRows, known: Mapping[str, LandedFile], landing: Path) -> bool:
    """Whether what was landed of a partition is what it holds now. A part that someone removed is read again."""
    before = known.get(part.name)
    return before is not None and before.etag == part.etag and (landing / before.landed).is_file()


def _landed(path: Path) -> Callable[[duckdb.DuckDBPyConnection], Relation]:
    """The rows of a landed part without their address, which they are given anew; their numbers stay."""

    def opened(connection: duckdb.DuckDBPyConnection) -> Relation:
        source = f"read_parquet({file_literal(path)}, hive_partitioning = false)"
        with told_as_delivery_errors():
            types = {name: type_ for name, type_, *_ in rows(connection, f"describe select * from {source}")}
        columns = {name: type_ for name, type_ in types.items() if name not in ADDRESS_COLUMNS}
        return Relation(f"select {', '.join(map(quoted, columns))}, x_row from {source}", columns)

    return opened
