"""Usage feeds: files of cost drivers and business metrics, checked, typed and mirrored into the landing zone.

A feed is the files its uri matches now: each is one delivery, a changed file replaces its own rows, a vanished file's
rows do not count any more. A file with a single bad value is refused whole, and what it held before stays.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import duckdb

from finops_pipeline.config import UsageFeed
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Delivery, LandedFile
from finops_pipeline.extract.duck import connect, quoted, rows
from finops_pipeline.extract.exports import RefreshResult
from finops_pipeline.extract.landing import address_values, copy_rows, landing_folder, previous_id
from finops_pipeline.extract.ledger import live_deliveries, update_ledger
from finops_pipeline.extract.reading import CSV, PARQUET, Relation, relation, told_as_delivery_errors
from finops_pipeline.extract.transport.protocol import Transport
from finops_pipeline.extract.usage_files import matching_files
from finops_pipeline.extract.usage_kinds import DUCKDB_TYPES, USAGE_KINDS, UsageColumn
from finops_pipeline.uris import is_local, local_path

_INSTANT = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|z|UTC|[+-]\d\d(:?\d\d)?))?)?"
_DATE = r"\d{4}-\d\d-\d\d([T ]00:00(:00([.]0+)?)?(Z|[+-]00(:?00)?)?)?"
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_EXPECTED = {
    "instant": "an ISO 8601 instant such as 2026-10-01T00:00:00Z",
    "date": "a day such as 2026-10-01",
    "quantity": "a number that is not negative, below 10^20",
    "number": "a number below 10^20",
    "text": "a value",
}
_MESSAGES_PER_FEED = 10
_TYPED = "x_typed_"
"""Before the name of a column as it is landed, beside the one as it was delivered: a feed may have a `t_pool`."""


@dataclass(frozen=True)
class _Check:
    """A condition on rows that must not hold, over the delivered rows with typed columns `x_typed_<column>`."""

    column: str
    is_bad: str
    expected: str


def refresh_feed(
    feed: UsageFeed, landing: Path, now: datetime, result: RefreshResult, report: Callable[[str], None]
) -> None:
    """Mirror the files a feed matches: land new and changed ones, drop vanished ones, in one step of the ledger.

    Raises:
        DeliveryError: the folder does not exist, or files are refused; the good ones are landed before.
    """
    transport, names = matching_files(feed, landing)
    live = {d.variant: d for d in live_deliveries(landing, feed.kind) if d.source_name == feed.name}
    landed: list[Delivery] = []
    sighted: list[Delivery] = []
    errors: list[str] = []
    unread: list[str] = []
    for name in names:
        before = live.get(name)
        if before and not before.missing_parts(landing) and (seen := _seen_again(transport, name, before)):
            result.unchanged.append(seen)
            sighted += [seen] if seen != before else []
        else:
            unread.append(name)
    if unread:
        downloads = transport.fetching(unread, lambda text: report(f"{feed.name}: {text}"))
        with downloads, connect(landing, transport.readable) as (connection, _):
            for name in unread:
                try:
                    landed.append(_land(connection, transport, feed, name, live.get(name), landing, now, report))
                except DeliveryError as error:
                    errors.append(f"{transport.location}/{name}: {error}")
    gone = [delivery for name, delivery in live.items() if name not in names]
    update_ledger(landing, live=landed, removed=gone, sighted=sighted)
    result.landed += landed
    result.removed += gone
    result.opened += [f"{feed.name}: {key}" for key in transport.opened]
    for delivery in gone:
        report(f"{feed.name}: {delivery.variant} is no longer there; its rows do not count any more")
    if not names:
        result.not_delivered.append(f"{feed.name}: not delivered yet; no file matches {_shown(feed)}")
    if errors:
        more = [f"and {len(errors) - _MESSAGES_PER_FEED} more files"] if len(errors) > _MESSAGES_PER_FEED else []
        raise DeliveryError("\n".join(errors[:_MESSAGES_PER_FEED] + more))


def _shown(feed: UsageFeed) -> str:
    return str(local_path(feed.uri)) if is_local(feed.uri) else feed.uri


def _seen_again(transport: Transport, name: str, before: Delivery) -> Delivery | None:
    """The landed delivery when the file still holds it; None when the file is another."""
    [file] = before.files
    etag = transport.revisit(name, file.size, file.etag)
    where = f"{transport.location}/{name}"
    return replace(before, files=(replace(file, etag=etag),), manifest=where) if etag else None


def _land(
    connection: duckdb.DuckDBPyConnection,
    transport: Transport,
    feed: UsageFeed,
    name: str,
    before: Delivery | None,
    landing: Path,
    now: datetime,
    report: Callable[[str], None],
) -> Delivery:
    stat = transport.stat(name)
    if stat is None:
        raise DeliveryError("vanished while the feed was read. Run again.")
    etag = transport.landed_etag(name, stat)
    checksum = etag.partition("/")[2] or etag
    delivery_id = f"{_slug(PurePosixPath(name).stem)}-{hashlib.sha256(checksum.encode()).hexdigest()[:12]}"
    report(f"{feed.name} {name}: landing {stat.size / 1e6:.1f} MB")
    found = relation(connection, transport.open_data(name), name, (CSV, PARQUET))
    columns = USAGE_KINDS[feed.kind]
    typed, others = _typed(feed.kind, columns, found)
    source = f"select *, {', '.join(typed.values())} from ({found.sql})"
    with told_as_delivery_errors():
        _check(connection, source, columns, found)
    select = [f"{quoted(_TYPED + column.name)} as {quoted(column.name)}" for column in columns]
    select += [f"cast({quoted(other)} as varchar) as {quoted(other)}" for other in others]
    ready = Relation(
        f"select {', '.join(select)}, x_row from ({source})", dict.fromkeys([c.name for c in columns] + others, "")
    )
    with landing_folder(landing, feed.kind, feed.name, _slug(name), delivery_id) as folder:
        part = folder.temporary / "part-00000.parquet"
        count = copy_rows(connection, ready, address_values(feed.name, None, delivery_id, name), part)
        if transport.stat(name) != stat:
            raise DeliveryError("changed while it was read. Run again when it is complete.")
        delivery = Delivery(
            table_name=feed.kind,
            source_name=feed.name,
            provider="usage",
            dataset=feed.kind,
            variant=name,
            billing_period=None,
            delivery_id=delivery_id,
            identity=f"content={checksum}",
            status="live",
            rows=count,
            totals=(),
            files=(LandedFile(name, stat.size, etag, count, f"{folder.relative}/{part.name}"),),
            manifest=f"{transport.location}/{name}",
            submitted_at=None,
            previous_delivery_id=previous_id(before, delivery_id),
            seen_at=now.astimezone(UTC).replace(tzinfo=None),
        )
        folder.finish(delivery)
    return delivery


def _slug(name: str) -> str:
    """A path-safe form of a file's name, distinct for distinct names."""
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "file"
    return safe if safe == name and len(safe) <= 80 else f"{safe[:60]}-{zlib.crc32(name.encode()):08x}"


def _typed(kind: str, columns: tuple[UsageColumn, ...], found: Relation) -> tuple[dict[str, str], list[str]]:
    """SQL of the typed columns (`x_typed_<name>`), and the delivered columns the kind does not know."""
    delivered = {column.name: found.find(column.name) for column in columns}
    missing = [column.name for column in columns if column.is_required and delivered[column.name] is None]
    if missing:
        required = ", ".join(column.name for column in columns if column.is_required)
        raise DeliveryError(f"has no column {', '.join(missing)}; {kind} requires {required}")
    typed = {
        column.name: f"{_cast(column, delivered[column.name])} as {quoted(_TYPED + column.name)}" for column in columns
    }
    known = {name for name in delivered.values() if name is not None}
    return typed, [name for name in found.columns if name not in known]


def _text(name: str) -> str:
    return f"nullif(trim(cast({quoted(name)} as varchar)), '')"


def _cast(column: UsageColumn, delivered: str | None) -> str:
    type_ = DUCKDB_TYPES[column.type]
    if delivered is None:
        return f"cast(null as {type_})"
    text = _text(delivered)
    if column.type == "instant":
        instant = f"try_cast({text} as timestamptz) at time zone 'UTC'"
        return f"case when regexp_full_match({text}, '{_INSTANT}') then {instant} end"
    if column.type == "date":
        return f"case when regexp_full_match({text}, '{_DATE}') then try_cast(left({text}, 10) as date) end"
    if column.type in ("quantity", "number"):
        return f"case when regexp_full_match({text}, '{_NUMBER}') then try_cast({text} as {type_}) end"
    return text


def _check(
    connection: duckdb.DuckDBPyConnection, source: str, columns: tuple[UsageColumn, ...], found: Relation
) -> None:
    """Raise for the first bad row of the file, if there is one: one aggregate over all rows, then one look."""
    checks = list(_checks(columns, found))
    firsts = ", ".join(f"min(x_row) filter (where {check.is_bad})" for check in checks)
    [numbers] = rows(connection, f"select {firsts} from ({source})")
    bad = [(number, check) for number, check in zip(numbers, checks, strict=True) if number is not None]
    if not bad:
        return
    number, check = min(bad, key=lambda found: found[0])
    column = found.find(check.column) or check.column
    [(value,)] = rows(connection, f"select cast({quoted(column)} as varchar) from ({source}) where x_row = {number}")
    shown = "empty" if value is None or not value.strip() else repr(value)
    raise DeliveryError(f"row {number}: column {column} is {shown}; expected {check.expected}")


def _checks(columns: tuple[UsageColumn, ...], found: Relation) -> Iterator[_Check]:
    for column in columns:
        delivered = found.find(column.name)
        if delivered is None:
            continue
        text, typed = _text(delivered), quoted(_TYPED + column.name)
        expected = _EXPECTED[column.type]
        if column.needs_value:
            yield _Check(column.name, f"{typed} is null", expected)
        elif column.type != "text":
            yield _Check(column.name, f"{typed} is null and {text} is not null", expected)
        if column.type == "quantity":
            yield _Check(column.name, f"{typed} < 0", expected)
    names = {column.name for column in columns}
    for start, end in (("usage_start", "usage_end"), ("started_at", "ended_at")):
        if start in names and end in names:
            first, last = _TYPED + start, _TYPED + end
            yield _Check(end, f"{last} < {first}", f"an instant not before {start}")
            # 9999-12-31 for "not ended yet" would spread the quantity over eight thousand years.
            yield _Check(end, f"{last} > {first} + interval 10 year", f"an instant within ten years of {start}")
    # Some providers count them apart. Read as they are, whoever reads from a cache would use less than nothing.
    if "cached_input_tokens" in names:
        expected = "at most input_tokens, which count them too: add both where a provider counts them apart"
        yield _Check("cached_input_tokens", f"{_TYPED}cached_input_tokens > {_TYPED}input_tokens", expected)
