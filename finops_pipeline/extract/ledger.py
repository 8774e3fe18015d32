"""The deliveries ledger `landing/deliveries.parquet`: every delivery ever landed, and which ones are live.

The only state of extraction. It is swapped atomically, so a reader sees it before or after a delivery, never between;
a landed file that is not live in it is never read.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

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


def read_ledger(landing: Path) -> pa.Table:
    """The whole ledger, one row per delivery; no rows before the first delivery."""
    return _read(*_version(landing))


def read_deliveries(landing: Path) -> list[Delivery]:
    """The ledger's rows as objects, in the order they were first landed."""
    return list(_objects(*_version(landing)))


def _version(landing: Path) -> tuple[Path, tuple[int, int, int] | None]:
    """The file and what tells this version of it from any other: each swap makes a new file."""
    path = landing / LEDGER_FILE
    try:
        stat = path.stat()
    except FileNotFoundError:
        return path, None
    return path, (stat.st_ino, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, version: tuple[int, int, int] | None) -> pa.Table:
    """A run asks some forty times and changes it a few times."""
    return pq.read_table(path, schema=SCHEMA) if version else SCHEMA.empty_table()


@lru_cache(maxsize=4)
def _objects(path: Path, version: tuple[int, int, int] | None) -> tuple[Delivery, ...]:
    return tuple(_delivery(row) for row in _read(path, version).to_pylist())


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

    def changed(known: Delivery) -> Delivery:
        if known.address in gone:
            return replace(known, status="removed")
        if known.status == "live" and known.slot in replaced:
            return replace(known, status="superseded")
        if known.status == "live" and known.address in seen:
            return replace(known, files=seen[known.address].files, manifest=seen[known.address].manifest)
        return known

    landing.mkdir(parents=True, exist_ok=True)
    # The lock is for executors that run assets side by side; readers rely on the swap alone.
    with FileLock(landing / ".deliveries.lock"):
        # A delivery that comes back after it was superseded has one row all the same: its newest.
        kept = [changed(known) for known in read_deliveries(landing) if known.address not in arriving]
        _swap(landing, [*kept, *arriving.values()])


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


def _delivery(row: dict[str, Any]) -> Delivery:
    totals = tuple(Total(**total) for total in row.pop("totals"))
    files = tuple(LandedFile(**file) for file in row.pop("files"))
    # Ledgers written before drift was kept have none of it.
    told = row.pop("drift") or {}
    changes = {change: tuple(told.get(change) or ()) for change in ("added", "missing", "retyped")}
    drift = Drift(compared_with=told.get("compared_with"), **changes)
    return Delivery(**row, totals=totals, files=files, drift=drift)


def _swap(landing: Path, deliveries: list[Delivery]) -> None:
    table = pa.Table.from_pylist([as_row(delivery) for delivery in deliveries], schema=SCHEMA)
    temporary = landing / f".{LEDGER_FILE}.{os.getpid()}"
    with temporary.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, landing / LEDGER_FILE)
