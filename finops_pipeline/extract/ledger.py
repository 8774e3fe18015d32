"""The deliveries ledger `landing/deliveries.parquet`: every delivery ever landed, and which ones are live.

The only state of extraction. It is swapped atomically, so a reader sees it before or after a delivery, never between;
a landed file that is not live in it is never read.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Delivery, Drift, LandedFile, Total

LEDGER_FILE = "deliveries.parquet"
_INSTANT = pa.timestamp("us")
SCHEMA = pa.schema(
    [
        ("table_name", pa.string()),
        ("source_name", pa.string()),
        ("provider", pa.string()),
        ("dataset", pa.string()),
        ("variant", pa.string()),
        ("billing_period", pa.string()),
        ("delivery_id", pa.string()),
        ("identity", pa.string()),
        ("status", pa.string()),
        ("rows", pa.int64()),
        (
            "totals",
            pa.list_(
                pa.struct(
                    [
                        ("billing_currency", pa.string()),
                        ("cost_basis", pa.string()),
                        ("raw_cost", pa.decimal128(38, 18)),
                        ("beyond_scale", pa.decimal128(38, 37)),
                    ]
                )
            ),
        ),
        (
            "files",
            pa.list_(
                pa.struct(
                    [
                        ("name", pa.string()),
                        ("size", pa.int64()),
                        ("etag", pa.string()),
                        ("rows", pa.int64()),
                        ("landed", pa.string()),
                    ]
                )
            ),
        ),
        ("manifest", pa.string()),
        ("submitted_at", _INSTANT),
        ("previous_delivery_id", pa.string()),
        ("seen_at", _INSTANT),
        (
            "drift",
            pa.struct(
                [
                    ("compared_with", pa.string()),
                    *((change, pa.list_(pa.string())) for change in ("added", "missing", "retyped")),
                ]
            ),
        ),
    ]
)


@dataclass(frozen=True)
class _Known:
    """A version of the ledger, as it was read or written."""

    version: tuple[int, int, int] | None
    table: pa.Table
    deliveries: tuple[Delivery, ...]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        return self.table.to_pylist()


_last: dict[Path, _Known] = {}
"""The one ledger that was read or written last: a run asks forty times and changes it a few times, a row of many."""


def read_rows(landing: Path) -> Sequence[Mapping[str, Any]]:
    """The whole ledger, one row per delivery as SCHEMA has it; no rows before the first delivery.

    Made once for all who ask: nobody may change them.
    """
    return _known(landing).rows


def read_deliveries(landing: Path) -> list[Delivery]:
    """The same rows as objects, in the order they were first landed."""
    return list(_known(landing).deliveries)


def _known(landing: Path) -> _Known:
    path = landing / LEDGER_FILE
    version = _version(path)
    known = _last.get(path)
    if known is None or known.version != version:
        table = _read(path) if version else SCHEMA.empty_table()
        known = _remember(path, _Known(version, table, _deliveries(table)))
    return known


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path, schema=SCHEMA)
    except (pa.ArrowException, OSError) as error:
        raise DeliveryError(
            f"{path} cannot be read ({' '.join(str(error).split())[:200]}): it says what was landed. Restore it from a"
            f" backup; or move {path.parent} away, and all that the providers still offer is landed anew."
        ) from None  # what a run tells is the deepest cause


def _remember(path: Path, known: _Known) -> _Known:
    _last.clear()
    _last[path] = known
    return known


def _version(path: Path) -> tuple[int, int, int] | None:
    """What tells this version of the file from any other: each swap makes a new file. None where there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)


def live_deliveries(landing: Path, table: str | None = None) -> list[Delivery]:
    """The deliveries that count, of one table or of all."""
    return [
        delivery
        for delivery in read_deliveries(landing)
        if delivery.status == "live" and table in (None, delivery.table_name)
    ]


def update_ledger(
    landing: Path,
    *,
    live: Iterable[Delivery] = (),
    removed: Iterable[Delivery] = (),
    sighted: Iterable[Delivery] = (),
) -> None:
    """Change the ledger in one step; without changes, write an empty one where there is none.

    Args:
        landing: the landing zone.
        live: landed deliveries to swap in; the one before them in their slot becomes superseded.
        removed: deliveries that do not count any more: the file vanished, or the source left the configuration.
        sighted: live deliveries seen again unchanged, of which files and manifest are kept anew (a file was touched, a
            listing changed).
    """
    arriving = {delivery.address: delivery for delivery in live}
    replaced = {delivery.slot for delivery in arriving.values()}
    gone = {delivery.address for delivery in removed}
    seen = {delivery.address: delivery for delivery in sighted}
    if not (arriving or gone or seen) and (landing / LEDGER_FILE).exists():
        return

    def changed(delivery: Delivery) -> Delivery:
        if delivery.address in gone:
            return replace(delivery, status="removed")
        if delivery.status == "live" and delivery.slot in replaced:
            return replace(delivery, status="superseded")
        if delivery.status == "live" and delivery.address in seen:
            again = seen[delivery.address]
            return replace(delivery, files=again.files, manifest=again.manifest)
        return delivery

    landing.mkdir(parents=True, exist_ok=True)
    # The lock is for executors that run assets side by side; readers rely on the swap alone.
    with FileLock(landing / ".deliveries.lock"):
        # A delivery that comes back after it was superseded has one row all the same: its newest.
        known = _known(landing)
        kept = [changed(delivery) for delivery in known.deliveries if delivery.address not in arriving]
        _swap(landing, known, [*kept, *arriving.values()])


def as_row(delivery: Delivery) -> dict[str, Any]:
    """The delivery as the ledger's row."""
    # `dataclasses.asdict` copies every value deeply, at seven times the cost: a feed has a delivery for every day
    row = {**vars(delivery), "drift": vars(delivery.drift)}
    for parts in ("totals", "files"):
        row[parts] = [vars(part) for part in row[parts]]
    for instant in ("submitted_at", "seen_at"):
        if row[instant] is not None:
            row[instant] = row[instant].replace(tzinfo=None)
    return row


def _deliveries(rows: pa.Table) -> tuple[Delivery, ...]:
    return tuple(_delivery(row) for row in rows.to_pylist())


def _delivery(row: dict[str, Any]) -> Delivery:
    totals = tuple(Total(**total) for total in row.pop("totals"))
    files = tuple(LandedFile(**file) for file in row.pop("files"))
    # Ledgers written before drift was kept have none of it.
    told = row.pop("drift") or {}
    changes = {change: tuple(told.get(change) or ()) for change in ("added", "missing", "retyped")}
    drift = Drift(compared_with=told.get("compared_with"), **changes)
    return Delivery(**row, totals=totals, files=files, drift=drift)


def _swap(landing: Path, before: _Known, deliveries: list[Delivery]) -> None:
    """Write the ledger anew; rows that are as they were are taken over from the one before."""
    place = {id(delivery): row for row, delivery in enumerate(before.deliveries)}
    fresh = [delivery for delivery in deliveries if id(delivery) not in place]
    written = pa.Table.from_pylist([as_row(delivery) for delivery in fresh], schema=SCHEMA)
    place |= {id(delivery): row for row, delivery in enumerate(fresh, len(before.deliveries))}
    order = [place[id(delivery)] for delivery in deliveries]
    table = pa.concat_tables([before.table, written]).take(pa.array(order, pa.int64())).combine_chunks()
    path = landing / LEDGER_FILE
    temporary = landing / f".{LEDGER_FILE}.{os.getpid()}"
    with temporary.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    both = (*before.deliveries, *_deliveries(written))
    _remember(path, _Known(_version(path), table, tuple(both[row] for row in order)))
