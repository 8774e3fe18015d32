"""One delivery into the landing zone: verified, copied as delivered, and swapped in as a whole.

Nothing is visible before the last step, the ledger's swap: parts are written into a temporary folder, checked against
the manifest, summed, and moved. A run killed anywhere leaves the delivery before live. Which deliveries there are to
land is decided in `refresh`; usage files have a landing of their own (`usage.py`).
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import duckdb

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.amounts import raw_totals
from finops_pipeline.extract.compressed import says_it_unpacks_to, zip_as_gzip
from finops_pipeline.extract.counted_twice import require_no_copies
from finops_pipeline.extract.datasets import Dataset
from finops_pipeline.extract.declared import EXTRA_COLUMNS, declared_columns
from finops_pipeline.extract.deliveries import Delivery, LandedFile, Offer, OfferedFile
from finops_pipeline.extract.drift import DELIVERY_FILE, delivered_columns, drift_of
from finops_pipeline.extract.duck import literal, quoted, rows
from finops_pipeline.extract.landed_types import settled
from finops_pipeline.extract.ledger import as_row, update_ledger
from finops_pipeline.extract.reading import Relation, relation, told_as_delivery_errors
from finops_pipeline.extract.transport.protocol import Stat, content_etag

_NEXT_STEP = "Wait for the provider's next delivery, or restore the file, and run again."


@dataclass(frozen=True)
class Destination:
    """Where a source's deliveries go."""

    landing: Path
    source: Source
    dataset: Dataset
    now: datetime
    """The clock of the run, kept as the delivery's `seen_at`."""


def land_delivery(
    connection: duckdb.DuckDBPyConnection,
    offer: Offer,
    to: Destination,
    previous: Delivery | None,
    report: Callable[[str], None],
    known: Delivery | None = None,
) -> Delivery:
    """Land a delivery and make it the live one of its period.

    Args:
        connection: of `duck.connect`.
        offer: the delivery.
        to: where it goes.
        previous: the live delivery it replaces.
        report: takes lines about the progress.
        known: the delivery whose columns are the known ones where it replaces none: the month before.

    Raises:
        DeliveryError: the manifest names a file that is missing, of another size, unreadable or of another row count;
            an amount is no number; the manifest or a file changed meanwhile. Nothing of it is live then.
    """
    keys = [file.key for file in offer.files if file.converted is None]
    with offer.transport.fetching(keys, lambda text: report(f"{to.source.name} {_title(offer)}: {text}")):
        return _land(connection, offer, to, previous, report, known or previous)


def _land(
    connection: duckdb.DuckDBPyConnection,
    offer: Offer,
    to: Destination,
    previous: Delivery | None,
    report: Callable[[str], None],
    known: Delivery | None,
) -> Delivery:
    stats = [_verified_stat(offer, file) for file in offer.files]
    size = sum(stat.size for stat in stats)
    what = f"{_count(len(offer.files), 'file')}, {size / 1e6:.1f} MB" if size else f"{offer.rows or 0:,} rows"
    report(f"{to.source.name} {_title(offer)}: landing {what}")
    with landing_folder(to.landing, to.source.table, to.source.name, offer.period, offer.delivery_id) as folder:
        delivered = [
            _open(connection, offer, file, stat, to, folder) for file, stat in zip(offer.files, stats, strict=True)
        ]
        declared = declared_columns(to.source.table)
        columns = delivered_columns(found.columns for found in delivered)
        relations = [settled(found, declared) for found in delivered]
        is_net = _is_net(connection, relations, to.dataset)
        extra = _extra_values(to.source.table, offer, is_net)
        landed: list[LandedFile] = []
        for number, (file, stat, found) in enumerate(zip(offer.files, stats, relations, strict=True)):
            part = folder.temporary / f"part-{number:05}.parquet"
            address = address_values(to.source.name, offer.period, offer.delivery_id, file.name)
            try:
                count = copy_rows(connection, found, address | extra, part, offer.row_filter)
            except DeliveryError as error:
                raise offer.refused(file.name, str(error), "a complete file", _NEXT_STEP) from error
            if file.rows is not None and count != file.rows:
                raise offer.refused(file.name, f"has {count:,} rows", f"{file.rows:,} rows", _NEXT_STEP)
            etag = offer.transport.landed_etag(file.key, stat)
            landed.append(LandedFile(file.name, stat.size, etag, count, f"{folder.relative}/{part.name}"))
        if offer.manifest_key is None:
            require_no_copies(offer, landed)
        row_count = sum(file.rows for file in landed)
        if offer.rows is not None and row_count != offer.rows:
            raise offer.refused(
                "all files together",
                f"have {row_count:,} rows",
                f"{offer.rows:,} rows as the manifest says",
                _NEXT_STEP,
            )
        parts = [folder.temporary / Path(file.landed).name for file in landed]
        to.dataset.require_month(connection, parts, offer.period)
        try:
            totals = raw_totals(
                connection,
                parts,
                to.dataset.components[offer.variant],
                is_net,
            )
        except DeliveryError as error:
            raise DeliveryError(
                f"{offer.period}: {error}, in the delivery of {offer.manifest}. {_NEXT_STEP}"
            ) from error
        _verify_unchanged(offer, stats)
        delivery = Delivery(
            table_name=to.source.table,
            source_name=to.source.name,
            provider=to.source.provider,
            dataset=to.source.dataset,
            variant=offer.variant,
            billing_period=offer.period,
            delivery_id=offer.delivery_id,
            identity=offer.identity,
            status="live",
            rows=row_count,
            totals=totals,
            files=tuple(landed),
            manifest=offer.manifest,
            submitted_at=offer.submitted_at,
            previous_delivery_id=previous_id(previous, offer.delivery_id),
            seen_at=to.now.astimezone(UTC).replace(tzinfo=None),
            drift=drift_of(columns, declared, known, to.landing),
        )
        folder.finish(delivery, columns)
    update_ledger(to.landing, live=[delivery])
    return delivery


def previous_id(before: Delivery | None, delivery_id: str) -> str | None:
    """What a delivery replaces: the live one, or where it is the live one again, what that replaced."""
    if before is not None and before.delivery_id == delivery_id:
        return before.previous_delivery_id
    return before.delivery_id if before else None


class landing_folder:  # noqa: N801 -- a context manager, read like `open`
    """A temporary folder beside the place a delivery will stand in; `finish` moves it there, all or nothing."""

    def __init__(self, landing: Path, table: str, source: str, period: str, delivery_id: str):
        self.relative = f"{table}/{source}/{period}/{delivery_id}"
        self.final = landing / self.relative
        self.temporary = self.final.with_name(f".landing-{delivery_id}")

    def unpacked(self, path: Path) -> Path:
        """Where a zip report stands as gzip while it is read."""
        folder = self.temporary / ".unpacked"
        folder.mkdir(exist_ok=True)
        return folder / f"{len(list(folder.iterdir())):05}-{path.stem}.gz"

    def __enter__(self) -> "landing_folder":
        shutil.rmtree(self.temporary, ignore_errors=True)  # what a killed run left
        self.temporary.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.temporary, ignore_errors=True)

    def finish(self, delivery: Delivery, columns: Mapping[str, str] | None = None) -> None:
        """Write `_delivery.json`, flush everything to disk and move the folder to its place."""
        shutil.rmtree(self.temporary / ".unpacked", ignore_errors=True)
        text = json.dumps(as_row(delivery) | ({"columns": columns} if columns else {}), indent=2, default=str) + "\n"
        (self.temporary / DELIVERY_FILE).write_text(text, encoding="utf-8")
        for path in self.temporary.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        if self.final.exists():
            # Landed before: by a run killed ahead of the ledger's swap, or as a delivery that has come back.
            shutil.rmtree(self.final)
        os.replace(self.temporary, self.final)


def address_values(source: str, period: str | None, delivery_id: str, file: str) -> dict[str, str]:
    """The SQL values of the address columns; `x_row` comes from the relation."""
    return {
        "x_source_name": literal(source),
        "x_billing_period": literal(period) if period else "cast(null as varchar)",
        "x_delivery_id": literal(delivery_id),
        "x_file": literal(file),
        "x_row": "x_row",
    }


def copy_rows(
    connection: duckdb.DuckDBPyConnection, found: Relation, added: dict[str, str], part: Path, where: str | None = None
) -> int:
    """Copy a relation with added columns to one Parquet part, in the order of the file; returns the row count."""
    select = [quoted(name) for name in found.columns] + [f"{sql} as {quoted(name)}" for name, sql in added.items()]
    query = f"select {', '.join(select)} from ({found.sql})" + (f" where {where}" if where else "")
    with told_as_delivery_errors():
        [(count,)] = rows(connection, f"copy ({query}) to {literal(str(part))} (format parquet, compression zstd)")
    return count


def _verified_stat(offer: Offer, file: OfferedFile) -> Stat:
    stat = offer.transport.stat(file.key)
    if stat is None:
        expected = f"{file.size:,} bytes" if file.size else "a file"
        raise offer.refused(
            file.name, "is missing", f"{expected} at {file.key} in {offer.transport.location}", _NEXT_STEP
        )
    if file.size not in (None, stat.size) and not _is_gzip(file.key):
        raise _of_another_size(offer, file, stat)
    return stat


def _of_another_size(offer: Offer, file: OfferedFile, stat: Stat) -> DeliveryError:
    return offer.refused(file.name, f"has {stat.size:,} bytes", f"{file.size:,} bytes", _NEXT_STEP)


def _is_gzip(name: str) -> bool:
    return name.lower().endswith(".gz")


def _open(
    connection: duckdb.DuckDBPyConnection,
    offer: Offer,
    file: OfferedFile,
    stat: Stat,
    to: Destination,
    folder: "landing_folder",
) -> Relation:
    try:
        if file.relation is not None:
            return file.relation(connection)
        path = file.converted or offer.transport.open_data(file.key)
        # Nobody says whether a manifest counts a compressed file before or after compression: either is believed.
        if file.size not in (None, stat.size) and _is_gzip(file.key) and not says_it_unpacks_to(path, file.size or 0):
            raise _of_another_size(offer, file, stat)
        if path.name.lower().endswith(".zip"):
            path = zip_as_gzip(path, folder.unpacked(path))
        found = to.dataset.named(relation(connection, path, path.name))
    except DeliveryError as error:
        raise offer.refused(file.name, str(error), "a complete file", _NEXT_STEP) from error
    for names in to.dataset.required:
        if not found.find(*names):
            raise offer.refused(
                file.name,
                f"has no column {' or '.join(names)}{_like_it(names, found)}",
                "it in every file of this dataset",
                "Add the column to the export's query.",
            )
    return found


def _like_it(names: tuple[str, ...], found: Relation) -> str:
    """A hint at the delivered column that may be the missing one under a new name."""
    alike = [match for name in names for match in get_close_matches(name, found.columns, n=1, cutoff=0.75)]
    return f" (but {alike[0]!r}: was it renamed?)" if alike else ""


def _is_net(connection: duckdb.DuckDBPyConnection, relations: list[Relation], dataset: Dataset) -> bool:
    """Net amounts are taken when the delivery has any: a choice per row would count private discounts twice."""
    for found in relations:
        column = found.find(*dataset.net_column) if dataset.net_column else None
        if column:
            any_net = f"select 1 from ({found.sql}) where {quoted(column)} is not null limit 1"
            with told_as_delivery_errors():
                if rows(connection, any_net):
                    return True
    return False


def _extra_values(table: str, offer: Offer, is_net: bool) -> dict[str, str]:
    submitted = f"timestamp {literal(str(offer.submitted_at))}" if offer.submitted_at else "cast(null as timestamp)"
    values = {
        "x_is_net": "true" if is_net else "false",
        "x_export_type": literal(offer.variant),
        "x_submitted_at": submitted,
    }
    return {name: values[name] for name in EXTRA_COLUMNS.get(table, {})}


def _verify_unchanged(offer: Offer, stats: list[Stat]) -> None:
    """The provider may overwrite a delivery while it is read: then what was read is a mixture and is thrown away."""
    for file, before in zip(offer.files, stats, strict=True):
        if offer.transport.stat(file.key) != before:
            raise offer.refused(
                file.name, "changed while it was read", "the same file", "Run again when the delivery is complete."
            )
    if offer.manifest_key is None:
        return
    try:
        now = content_etag(offer.transport.read_bytes(offer.manifest_key))
    except DeliveryError:
        now = ""
    if now != offer.manifest_etag:
        raise DeliveryError(
            f"{offer.period}: the manifest {offer.manifest} changed while its {_count(len(offer.files), 'file')} were"
            " read: a newer delivery is arriving. Run again when it is complete. What was landed before stays."
        )


def _title(offer: Offer) -> str:
    return f"{offer.period} {offer.variant}".rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
