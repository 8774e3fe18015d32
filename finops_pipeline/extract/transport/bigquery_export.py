"""A billing export's table behind the transport protocol: a "file" is the rows of one month in one ingestion partition.

The probe's answer for a month stands in the place of its manifest, so that a month that grows while it is read is
refused like any other delivery that changes under its reader.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.declared import declared_columns
from finops_pipeline.extract.duck import quoted
from finops_pipeline.extract.gcp_bigquery import BillingTable
from finops_pipeline.extract.gcp_partitions import LAYOUTS, Layout, PartitionRows, Partitions, manifest_text
from finops_pipeline.extract.landed_types import settled
from finops_pipeline.extract.reading import Relation, relation
from finops_pipeline.extract.transport.protocol import Stat
from finops_pipeline.uris import cloud_parts

_AT_ONCE = 8
"""Streams that are read side by side, over all partitions of a month."""

_REPORT_SECONDS = 10.0


class BigQueryExport:
    """The `Transport` over a table. `opened` lists the partitions that were read."""

    def __init__(self, table: BillingTable, layout: Layout, declared: dict[str, str], downloads: Path):
        self.table, self.declared, self.folder = table, declared, downloads
        self.partitions = Partitions(table, layout)
        self.opened: list[str] = []
        self._stats: dict[str, Stat] = {}
        self._parts: dict[str, PartitionRows] = {}
        self._copies: dict[str, Sequence[Path]] = {}
        self._mark = f"bigquery-{hashlib.sha256(table.location.encode()).hexdigest()[:12]}-"

    @classmethod
    def opened_for(cls, uri: str, table: str, downloads: Path) -> "BigQueryExport":
        """The export behind a uri `bigquery://project/dataset/table`, as the landed table's dataset is laid out."""
        project, dataset, name = cloud_parts(uri)
        return cls(BillingTable(project, dataset, name), LAYOUTS[table], declared_columns(table), downloads)

    @property
    def location(self) -> str:
        """The table's uri."""
        return self.table.location

    @property
    def folder_name(self) -> str:
        """The table's name."""
        return self.table.table

    @property
    def readable(self) -> Sequence[Path]:
        """The folder that rows are in while they are landed."""
        return [self.folder]

    def require_reachable(self) -> None:
        """Raise DeliveryError when the table cannot be described or is no billing export's own."""
        self.partitions.require_columns((name,) for name in self.partitions.layout.needed)

    def described(self, required: Sequence[tuple[str, ...]]) -> str:
        """One line on what the table holds, for a person who sets it up.

        Raises:
            DeliveryError: it lacks required columns or holds no rows yet.
        """
        self.partitions.require_columns(required)
        months = self.partitions.probe()
        if not months:
            raise DeliveryError(
                f"{self.location} is reachable, but holds no rows yet. A new export delivers its first ones within a"
                " day, and the months before within five."
            )
        parts = [part for found in months.values() for part in found]
        newest = max(parts, key=lambda part: part.partition)
        exported = max((part.exported_at for part in parts if part.exported_at), default=newest.partition)
        told = [
            f"reachable; newest {newest.name}, exported {exported:%Y-%m-%d %H:%M} UTC",
            f"{len(months)} month{'' if len(months) == 1 else 's'}, {min(months)} to {max(months)}",
        ]
        self.table.batches(self.partitions.filter(newest), 1, lambda text: told.append(text.partition(": ")[2]))
        return "; ".join(told)

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[str]:
        """Nothing: a table has no files to list."""
        del prefix, recursive
        return iter(())

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Nothing: a table has no folders."""
        del prefix
        return iter(())

    def note(self, stats: dict[str, Stat], moved: Sequence[PartitionRows]) -> None:
        """Take note of what an offer names: the partitions to read, and the stats of all of its files."""
        self._stats |= stats
        self._parts |= {part.key: part for part in moved}

    def stat(self, key: str) -> Stat | None:
        """The partition as the probe saw it; bytes are not counted, since a table tells them of no partition."""
        return self._stats.get(key)

    def read_bytes(self, key: str) -> bytes:
        """What the probe says of a month now."""
        return manifest_text(self.partitions.probe(key).get(key, [])).encode()

    @contextmanager
    def fetching(self, keys: Sequence[str], report: Callable[[str], None] | None = None) -> Iterator[None]:
        """Read the partitions that moved, several at a time, into local copies; remove these afterwards."""
        wanted = [self._parts[key] for key in keys if key in self._parts]
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._fetch(wanted, report or (lambda text: None))
            yield
        finally:
            self._copies = {}
            for left in self.folder.glob(f"{self._mark}*"):
                left.unlink(missing_ok=True)

    def open_data(self, key: str) -> Path:
        """Not for tables: their offers carry relations."""
        raise DeliveryError(f"{key} of {self.location} is no file")

    def relation_of(self, part: PartitionRows) -> Callable[[duckdb.DuckDBPyConnection], Relation]:
        """The rows of a partition that `fetching` has read, in the order and the types they are landed in."""

        def opened(connection: duckdb.DuckDBPyConnection) -> Relation:
            copies = [relation(connection, path, path.name) for path in self._copies[part.key]]
            columns = ", ".join(quoted(name) for name in copies[0].columns)
            together = " union all ".join(f"select {columns} from ({copy.sql})" for copy in copies)
            # Streams share rows out as they like. The checksum orders what the times leave open.
            order = ", ".join((*map(quoted, self.partitions.layout.order), f"hash({columns})"))
            sql = f"select {columns}, row_number() over () as x_row from (select * from ({together}) order by {order})"
            return settled(Relation(sql, copies[0].columns), self.declared)

        return opened

    def landed_etag(self, key: str, stat: Stat) -> str:
        """Newest export time and row count."""
        del key
        return stat.etag

    def revisit(self, key: str, size: int, landed_etag: str) -> str | None:
        """Compare with the probe."""
        del size
        stat = self._stats.get(key)
        return landed_etag if stat is not None and stat.etag == landed_etag else None

    def resolve(self, name: str) -> str:
        """Never asked: a table has no manifest that names files."""
        raise DeliveryError(f"{name!r} is no file of {self.location}")

    def _fetch(self, wanted: Sequence[PartitionRows], report: Callable[[str], None]) -> None:
        if not wanted:
            return
        progress = _Progress(report, sum(part.rows for part in wanted))
        streams = max(1, _AT_ONCE // len(wanted))
        with ThreadPoolExecutor(min(_AT_ONCE, len(wanted)), thread_name_prefix="partition") as pool:
            futures = [pool.submit(self._fetch_partition, part, streams, progress) for part in wanted]
            try:
                for part, future in zip(wanted, futures, strict=True):
                    self._copies[part.key] = future.result()
            except BaseException:
                progress.stopped = True
                pool.shutdown(cancel_futures=True)
                raise

    def _fetch_partition(self, part: PartitionRows, streams: int, progress: "_Progress") -> Sequence[Path]:
        self.opened.append(f"{part.period} {part.name}")
        batches = self.table.batches(self.partitions.filter(part), streams, progress.report)
        stem = f"{self._mark}{part.key.replace('/', '-').replace(' ', '-')}"
        paths = [self.folder / f"{stem}-{number:02}.parquet" for number in range(len(batches))]
        with ThreadPoolExecutor(max(1, len(batches)), thread_name_prefix="stream") as pool:
            counts = list(pool.map(lambda path, stream: _write(path, stream, progress), paths, batches))
        if sum(counts) != part.rows:
            raise DeliveryError(
                f"{part.period}: the {part.name} of {self.location} gave {sum(counts):,} rows; the table counted"
                f" {part.rows:,} before. It is being written: run again when Google is done with it. What was landed"
                " before stays."
            )
        return [path for path, count in zip(paths, counts, strict=True) if count]


class _Progress:
    """How far all streams of a month are, told every few seconds."""

    def __init__(self, report: Callable[[str], None], expected: int):
        self.report, self.stopped = report, False
        self._expected, self._have, self._told_at = expected, 0, time.monotonic()
        self._lock = threading.Lock()

    def add(self, rows: int) -> None:
        with self._lock:
            self._have += rows
            now = time.monotonic()
            if now - self._told_at < _REPORT_SECONDS:
                return
            self._told_at = now
            text = f"read {self._have:,} of {self._expected:,} rows so far"
        self.report(text)


def _write(path: Path, batches: Iterator[pa.RecordBatch], progress: _Progress) -> int:
    """Write a stream to Parquet batch by batch: no more than one is in memory."""
    count = 0
    writer: pq.ParquetWriter | None = None
    try:
        for batch in batches:
            if progress.stopped:
                raise DeliveryError("the delivery was given up")
            table = _storable(pa.Table.from_batches([batch]))
            writer = writer or pq.ParquetWriter(path, table.schema, compression="lz4")
            writer.write_table(table)
            count += batch.num_rows
            progress.add(batch.num_rows)
    finally:
        if writer is not None:
            writer.close()
    return count


def _storable(table: pa.Table) -> pa.Table:
    """The batch in types DuckDB reads: a BIGNUMERIC has more digits than its decimals, so it becomes its text."""
    schema = pa.schema([pa.field(field.name, _storable_type(field.type)) for field in table.schema])
    return table.cast(schema) if schema.types != table.schema.types else table.replace_schema_metadata()


def _storable_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal256(type_):
        return pa.string()
    if pa.types.is_list(type_):
        return pa.list_(_storable_type(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(field.name, _storable_type(field.type)) for field in type_])
    return type_
