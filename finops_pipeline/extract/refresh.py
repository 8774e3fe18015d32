"""The entry point of extraction: bring one landed table up to date with its sources.

Every source is tried; what fails is collected and told, and the other sources are landed all the same. What happens
to the result (assets, checks, exit codes) is decided by the caller.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from finops_pipeline.config import SUPPORTED_DATASETS, Config, Source
from finops_pipeline.errors import DeliveryError, FinopsError
from finops_pipeline.extract import azure_cost_exports, gcp_billing_export, usage
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.declared import declared_columns, write_declared_columns
from finops_pipeline.extract.deliveries import Delivery, LandedFile, Offer, Total, Window, sum_totals
from finops_pipeline.extract.duck import connect
from finops_pipeline.extract.landing import Destination, land_delivery
from finops_pipeline.extract.ledger import live_deliveries, update_ledger
from finops_pipeline.extract.transport import FileTransport, Transport
from finops_pipeline.extract.usage_kinds import USAGE_KINDS, usage_columns
from finops_pipeline.file_uri import local_path
from finops_pipeline.settings import Settings

BILLING_TABLES: tuple[str, ...] = tuple(SUPPORTED_DATASETS.values())
USAGE_TABLES: tuple[str, ...] = tuple(USAGE_KINDS)


@dataclass
class ExtractResult:
    """What one refresh of one table did."""

    table: str
    landed: list[Delivery] = field(default_factory=list)
    unchanged: list[Delivery] = field(default_factory=list)
    removed: list[Delivery] = field(default_factory=list)
    not_delivered: list[str] = field(default_factory=list)
    """Messages: a source has no complete delivery yet for a period that a person expects."""
    failures: list[FinopsError] = field(default_factory=list)
    """One per failing source, with everything that is wrong with it."""
    opened: list[str] = field(default_factory=list)
    """The data files that were opened; none when nothing is new."""
    live: list[Delivery] = field(default_factory=list)
    """The table's live deliveries after the refresh."""

    @property
    def rows(self) -> int:
        """Live rows of the table."""
        return sum(delivery.rows for delivery in self.live)

    @property
    def totals(self) -> list[Total]:
        """Raw totals of the live deliveries at full precision, by billing currency and cost basis."""
        return sum_totals(total for delivery in self.live for total in delivery.totals)


def extract_table(
    table: str, config: Config, settings: Settings, window: Window, report: Callable[[str], None]
) -> ExtractResult:
    """Land what is new of every configured source (or feed) of a table, and say what happened.

    Never raises for a failing source: its message is in `failures`. The table's declared columns and the ledger exist
    afterwards, whether or not the table has a source.
    """
    result = ExtractResult(table)
    landing = settings.landing
    is_usage = table in USAGE_TABLES
    write_declared_columns(landing, table, usage_columns(table) if is_usage else declared_columns(table))
    names = [feed.name for feed in config.usage if feed.kind == table] if is_usage else []
    names += [] if is_usage else [source.name for source in config.sources if source.table == table]
    result.removed = _retire_unconfigured(landing, table, names, report)
    if is_usage:
        for feed in config.usage:
            if feed.kind == table:
                with _collected(result, f"usage feed {feed.name}"):
                    usage.refresh_feed(feed, landing, window.now, result, report)
    else:
        for source in config.sources:
            if source.table == table:
                with _collected(result, f"source {source.name}"):
                    _refresh_source(source, landing, window, result, report)
    result.live = live_deliveries(landing, table)
    return result


class _collected:  # noqa: N801 -- a context manager, read like a verb
    """Keeps a source's failure in the result, with the source's name in front, and lets the run go on."""

    def __init__(self, result: ExtractResult, who: str):
        self.result, self.who = result, who

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, FinopsError):
            self.result.failures.append(type(error)(f"{self.who}: {error}"))
        elif isinstance(error, OSError | duckdb.Error):
            self.result.failures.append(DeliveryError(f"{self.who}: {str(error).splitlines()[0]}"))
        return isinstance(error, FinopsError | OSError | duckdb.Error)


def _retire_unconfigured(
    landing: Path, table: str, names: Sequence[str], report: Callable[[str], None]
) -> list[Delivery]:
    """A source that was renamed or taken out must not count beside its successor."""
    gone = [delivery for delivery in live_deliveries(landing, table) if delivery.source_name not in names]
    update_ledger(landing, removed=gone)
    for name in sorted({delivery.source_name for delivery in gone}):
        report(f"{name}: no longer configured for {table}; its deliveries do not count any more")
    return gone


def _refresh_source(
    source: Source, landing: Path, window: Window, result: ExtractResult, report: Callable[[str], None]
) -> None:
    transports = [open_transport(uri) for uri in (source.uri, source.amortized_uri) if uri is not None]
    to = Destination(landing, source, DATASETS[source.table], window.now)
    live = {
        delivery.slot: delivery
        for delivery in live_deliveries(landing, source.table)
        if delivery.source_name == source.name
    }
    try:
        for transport in transports:
            transport.require_reachable()
        with connect(landing, [local_path(uri) for uri in (source.uri, source.amortized_uri) if uri]) as connection:
            if to.dataset.list_offers is None:
                _refresh_gcp(connection, transports[0], to, live, window, result, report)
            else:
                offers = newest_offers(source, transports)
                _refresh_offers(connection, offers, to, live, window, result, report)
    finally:
        result.opened += [f"{source.name}: {key}" for transport in transports for key in transport.opened]


def open_transport(uri: str) -> Transport:
    """The transport for a configured uri. Other schemes than file:// are refused by the configuration."""
    return FileTransport(local_path(uri))


def newest_offers(source: Source, transports: Sequence[Transport]) -> list[Offer]:
    """What the manifests offer, one delivery per period and variant, ordered."""
    list_offers = DATASETS[source.table].list_offers
    assert list_offers is not None, "table dumps have no manifests"
    newest: dict[tuple[str, str], Offer] = {}
    for offer in (offer for transport in transports for offer in list_offers(transport, source)):
        slot = (offer.period, offer.variant)
        if slot not in newest or azure_cost_exports.run_order(newest[slot]) < azure_cost_exports.run_order(offer):
            newest[slot] = offer
    return [newest[slot] for slot in sorted(newest)]


def _refresh_offers(
    connection: duckdb.DuckDBPyConnection,
    offers: Sequence[Offer],
    to: Destination,
    live: dict[tuple, Delivery],
    window: Window,
    result: ExtractResult,
    report: Callable[[str], None],
) -> None:
    errors: list[DeliveryError] = []
    for offer in offers:
        if not window.contains(offer.period):
            continue
        before = live.get((to.source.table, to.source.name, offer.variant, offer.period))
        try:
            if before and before.identity == offer.identity:
                result.unchanged.append(_seen_again(offer, before, to.landing))
            else:
                result.landed.append(land_delivery(connection, offer, to, before, report))
        except DeliveryError as error:
            errors.append(error)
    offered = {(offer.period, offer.variant) for offer in offers}
    for message in _not_delivered(to.source, offered, live, window):
        report(message)
        result.not_delivered.append(message)
    if errors:
        raise DeliveryError("\n".join(dict.fromkeys(map(str, errors))))


def _seen_again(offer: Offer, before: Delivery, landing: Path) -> Delivery:
    """Look at the files of a landed delivery without opening them: they must be what was landed.

    Table dumps have no manifest to keep: their identity is their content, and the files may be spread anew.
    """
    if offer.manifest_key is None:
        return before
    keys = {file.name: file.key for file in offer.files}
    files: list[LandedFile] = []
    for file in before.files:
        etag = offer.transport.revisit(keys[file.name], file.size, file.etag) if file.name in keys else None
        if etag is None:
            raise offer.refused(
                file.name,
                "is missing or has changed since it was landed, while the manifest has not",
                f"{file.size:,} bytes with the content that was landed",
                "A newer delivery may be arriving: run again when it is complete, or restore the file.",
            )
        files.append(replace(file, etag=etag))
    seen = replace(before, files=tuple(files))
    if seen != before:
        update_ledger(landing, sighted=[seen])
    return seen


def _refresh_gcp(
    connection: duckdb.DuckDBPyConnection,
    transport: Transport,
    to: Destination,
    live: dict[tuple, Delivery],
    window: Window,
    result: ExtractResult,
    report: Callable[[str], None],
) -> None:
    """Table dumps: read only when the folder's listing is another than the one all months were landed from."""
    listing = gcp_billing_export.list_folder(transport)
    if live and all(delivery.manifest == listing.text for delivery in live.values()):
        result.unchanged += [delivery for delivery in live.values() if window.contains(delivery.billing_period or "")]
        for message in _not_delivered(to.source, set(), live, window):
            report(message)
            result.not_delivered.append(message)
        return
    # Until every month of the folder is landed, the ledger must not say that this listing is done with.
    unfinished = f"{listing.text}, not all months landed"
    read = gcp_billing_export.read_offers(connection, transport, listing) if listing.stats else ()
    offers = [replace(offer, manifest=unfinished) for offer in read]
    _refresh_offers(connection, offers, to, live, window, result, report)
    _require_landed_months(offers, live, window, transport)
    if gcp_billing_export.list_folder(transport) != listing:
        raise DeliveryError(f"{transport.location} changed while it was read. Run again when the dump is complete.")
    now_live = [d for d in live_deliveries(to.landing, to.source.table) if d.source_name == to.source.name]
    landed = {delivery.billing_period: delivery.identity for delivery in now_live}
    if all(landed.get(offer.period) == offer.identity for offer in offers):
        update_ledger(to.landing, sighted=[replace(delivery, manifest=listing.text) for delivery in now_live])


def _require_landed_months(
    offers: Sequence[Offer], live: dict[tuple, Delivery], window: Window, transport: Transport
) -> None:
    """A table only grows: an open month that was landed cannot have no row any more. Old months may leave the dumps."""
    offered = {offer.period for offer in offers}
    for delivery in live.values():
        period = delivery.billing_period or ""
        if delivery.rows and period in window.recent_periods() and period not in offered:
            raise DeliveryError(
                f"{period}: {delivery.rows:,} rows were landed, and no file in {transport.location} has one now."
                " Dump the whole table again and run again. What was landed before stays."
            )


def _not_delivered(
    source: Source, offered: set[tuple[str, str]], live: dict[tuple, Delivery], window: Window
) -> Iterator[str]:
    """Expected periods with neither an offer nor a live delivery. The first days of a month are like that."""
    known = offered | {(period, variant) for _, _, variant, period in live}
    variants = {variant for _, variant in known} or {DATASETS[source.table].variants[0]}
    if source.amortized_uri is not None:
        variants = set(DATASETS[source.table].variants)
    for period in window.expected_periods():
        for variant in sorted(variants):
            if (period, variant) not in known:
                what = f"{period} {variant}".rstrip()
                yield f"{source.name} {what}: not delivered yet; no complete delivery in {local_path(source.uri)}"
