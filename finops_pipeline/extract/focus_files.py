"""FOCUS files of any vendor: a folder per billing month, and all files in it are the delivery.

Layout: `YYYY-MM/` or `billing_period=YYYY-MM/` below the source's folder, CSV(.gz) or Parquet in it. There is no
manifest, so a month is another delivery when one of its files has another name, size or content. Names that begin with
'.' or '_' are marks of the tools that write or copy files.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import duckdb

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile
from finops_pipeline.extract.duck import file_literal, quoted, rows
from finops_pipeline.extract.manifests import Found, offers_of
from finops_pipeline.extract.reading import CSV, PARQUET
from finops_pipeline.extract.transport.protocol import Transport, content_etag

_MONTH = re.compile(r"(?:billing_period=)?(\d{4}-(?:0[1-9]|1[0-2]))", re.IGNORECASE)
_ENDINGS = (*PARQUET[0], *CSV[0])
_MOST_STRAY_ROWS = 0.1


def list_offers(transport: Transport, source: Source) -> Found:
    """One offer per month that has a folder with files, ordered by month.

    An error in the place of an offer: a file outside a month's folder, two folders of one month, or a file that is not
    read. Leaving it out could leave out money.
    """
    del source
    months: dict[str, list[str]] = defaultdict(list)
    loose: list[DeliveryError] = []
    for key in transport.list():
        first, *rest = key.split("/")
        if any(part.startswith((".", "_")) for part in (first, *rest)):
            continue
        month = _MONTH.fullmatch(first)
        if month and rest:
            months[month[1]].append(key)
        else:
            loose.append(
                DeliveryError(
                    f"{transport.location}/{key} is in no month's folder, so its billing period is unknown; expected"
                    f" such as {transport.location}/2026-10/{key.rpartition('/')[2]}. Move it there."
                )
            )
    return [*loose, *offers_of(_offer, [(transport, period, months[period]) for period in sorted(months)])]


def require_month(connection: duckdb.DuckDBPyConnection, parts: Sequence[Path], period: str) -> None:
    """Raise DeliveryError where many rows say that they were billed in another month than that of their folder.

    A file of all months so far, put into each month's folder, bills the earlier ones again; single rows stray in real
    bills. A billing period of a year, or from the 15th on, overlaps the month; one that ends a few hours into it is the
    month before's, in another zone.
    """
    landed = f"read_parquet([{', '.join(map(file_literal, parts))}], union_by_name = true, hive_partitioning = false)"
    found = {name.lower(): name for name, *_ in rows(connection, f"describe select * from {landed}")}
    if not {"billingperiodstart", "billingperiodend"} <= found.keys():
        return
    start, end = (found[name] for name in ("billingperiodstart", "billingperiodend"))
    month = f"timestamp '{period}-01'"
    is_other = f"{_instant(end)} < {month} + interval 1 day or {_instant(start)} >= {month} + interval 1 month"
    told = f"x_file || ', row ' || x_row || ': {start} is ' || left(cast({quoted(start)} as varchar), 10)"
    [(others, count, first)] = rows(
        connection,
        f"select count(*) filter (where {is_other}), count(*), min_by({told}, x_row) filter (where {is_other})"
        f" from {landed}",
    )
    if others > count * _MOST_STRAY_ROWS:
        raise DeliveryError(
            f"{period}: {others:,} of {count:,} rows were billed for another month than their folder's and would count"
            f" in both, such as {first}. Leave in {period} what was billed for it. What was landed before stays."
        )


def _instant(column: str) -> str:
    return f"try_cast(cast({quoted(column)} as varchar) as timestamptz) at time zone 'UTC'"


def _offer(transport: Transport, period: str, keys: Sequence[str]) -> Offer:
    folders = sorted({key.partition("/")[0] for key in keys})
    if len(folders) > 1:
        raise DeliveryError(
            f"{period}: {transport.location} has two folders of this month: {' and '.join(folders)}; its charges would"
            " count twice. Keep one."
        )
    files, told = [], []
    for key in keys:
        where = f"{transport.location}/{key}"
        if not key.lower().endswith(_ENDINGS):
            raise DeliveryError(
                f"{period}: {where} is no FOCUS file that is read; supported: {', '.join(_ENDINGS)}."
                " Convert it, or move it out of the folder."
            )
        stat = transport.stat(key)
        if stat is None:
            raise DeliveryError(f"{period}: {where} vanished while the folder was listed. Run again.")
        # The last part of the token is the content's, so that a folder copied elsewhere stays the same delivery.
        content = transport.landed_etag(key, stat).rpartition("/")[2]
        files.append(OfferedFile(key, key, stat.size))
        told.append(f"{key.partition('/')[2]} {stat.size} {content}")
    return Offer(
        transport=transport,
        variant="",
        period=period,
        identity=f"files={len(files)};content={content_etag(chr(10).join(told).encode())}",
        manifest=f"{transport.location}/{folders[0]}",
        files=tuple(files),
    )
