"""One billing export up to date: which of the deliveries it offers are new, landed; which are known, looked at again.

Readers say what is offered, `landing` copies. Usage feeds are brought up to date in `usage.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import duckdb

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError, NothingThereError
from finops_pipeline.extract import azure_cost_exports, gcp_billing_export
from finops_pipeline.extract.configured_again import count_again
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.deliveries import Delivery, LandedFile, Offer, Window
from finops_pipeline.extract.duck import connect
from finops_pipeline.extract.gcp_dump_files import DumpFiles
from finops_pipeline.extract.landing import Destination, land_delivery
from finops_pipeline.extract.landing_news import news_of
from finops_pipeline.extract.ledger import live_deliveries, update_ledger
from finops_pipeline.extract.transport.opening import DOWNLOADS, open_transport
from finops_pipeline.extract.transport.protocol import Transport, content_etag
from finops_pipeline.uris import scheme_of

if TYPE_CHECKING:
    from finops_pipeline.extract.transport.bigquery_export import BigQueryExport

_WRITTEN_ANEW = ";files="


class RefreshResult(Protocol):
    """The part of a refresh's result that one source fills."""

    landed: list[Delivery]
    unchanged: list[Delivery]
    removed: list[Delivery]
    not_delivered: list[str]
    opened: list[str]


def refresh_export(
    source: Source, landing: Path, window: Window, result: RefreshResult, report: Callable[[str], None]
) -> None:
    """Land what is new of one source within the window.

    Raises:
        DeliveryError: with one line for each delivery that was refused; the good ones are landed.
    """
    transports = open_transports(source, landing)
    if again := count_again(source, transports, landing):
        periods = sorted({delivery.billing_period or "" for delivery in again})
        report(f"{source.name}: configured again; what was landed of {periods[0]} to {periods[-1]} counts again")
    try:
        with ExitStack() as resources:
            refresh = _ExportRefresh(source, transports, landing, window, result, report, resources)
            refresh.require_reachable()
            refresh.all()
    finally:
        result.opened += [f"{source.name}: {key}" for transport in transports for key in transport.opened]


def open_transports(source: Source, landing: Path) -> list[Transport]:
    """The transports of a source's uris."""
    if scheme_of(source.uri) == "bigquery":
        from finops_pipeline.extract.transport.bigquery_export import BigQueryExport

        return [BigQueryExport.opened_for(source.uri, source.table, landing / DOWNLOADS)]
    return [open_transport(uri, landing) for uri in (source.uri, source.amortized_uri) if uri is not None]


def table_of(transports: Sequence[Transport]) -> "BigQueryExport":
    """The table behind the only transport of a bigquery:// source."""
    from finops_pipeline.extract.transport.bigquery_export import BigQueryExport

    [table] = transports
    assert isinstance(table, BigQueryExport), "only bigquery:// uris lead to tables"
    return table


def newest_offers(source: Source, transports: Sequence[Transport]) -> tuple[list[Offer], list[DeliveryError]]:
    """What the manifests offer, one delivery per period and variant, ordered; and what could not be taken.

    An unreadable manifest holds up its own period alone: what was landed of it stays.
    """
    list_offers = DATASETS[source.table].list_offers
    assert list_offers is not None, "table dumps have no manifests"
    newest: dict[tuple[str, str], Offer] = {}
    errors: list[DeliveryError] = []
    for offer in (offer for transport in transports for offer in list_offers(transport, source)):
        if isinstance(offer, DeliveryError):
            errors.append(offer)
            continue
        slot = (offer.period, offer.variant)
        if slot not in newest or azure_cost_exports.run_order(newest[slot]) < azure_cost_exports.run_order(offer):
            newest[slot] = offer
    return [newest[slot] for slot in sorted(newest)], errors


class _ExportRefresh:
    def __init__(
        self,
        source: Source,
        transports: Sequence[Transport],
        landing: Path,
        window: Window,
        result: RefreshResult,
        report: Callable[[str], None],
        resources: ExitStack,
    ):
        self.source, self.transports, self.window = source, transports, window
        self.result, self.report, self.resources = result, report, resources
        self.to = Destination(landing, source, DATASETS[source.table], window.now)
        self.live = {(delivery.billing_period or "", delivery.variant): delivery for delivery in self._live_now()}

    @cached_property
    def engine(self) -> tuple[duckdb.DuckDBPyConnection, Path]:
        """Connection and scratch folder, made for the first file that is read: nothing new needs none."""
        readable = [folder for transport in self.transports for folder in transport.readable]
        return self.resources.enter_context(connect(self.to.landing, readable))

    def require_reachable(self) -> None:
        """Raise DeliveryError unless the exports can be listed; a new export has delivered nothing yet, an old one has.

        The folder of an export in a store comes with its first delivery.
        """
        for transport in self.transports:
            try:
                transport.require_reachable()
            except NothingThereError:
                if self.live:
                    raise

    def all(self) -> None:
        """Bring the source up to date, however its deliveries are told."""
        if scheme_of(self.source.uri) == "bigquery":
            self.from_table()
        elif self.to.dataset.list_offers is None:
            self.from_dumps()
        else:
            self.from_manifests()

    def from_manifests(self) -> None:
        """Land the newest delivery of each period and variant, as the manifests name them."""
        self._refresh(*newest_offers(self.source, self.transports))

    def from_dumps(self) -> None:
        """Table dumps: read only when the folder's listing is another than the one all months were landed from."""
        [transport] = self.transports
        listing = gcp_billing_export.list_folder(transport)
        if self.live and all(d.manifest == listing.text and self._is_landed(d) for d in self.live.values()):
            self.result.unchanged += [d for (period, _), d in self.live.items() if self.window.contains(period)]
            self._tell_not_delivered(())
            return
        # Until every month of the folder is landed, the ledger must not say that this listing is done with.
        unfinished = f"{listing.text}, not all months landed"
        noted = DumpFiles(self.to.landing, self.source.table, self.source.name, transport.location)
        identities = {period: d.identity for (period, _), d in self.live.items() if self._is_landed(d)}
        read, held = gcp_billing_export.read_offers(
            *self.engine, transport, listing, self.source.table, noted, identities
        )
        offers = [replace(offer, manifest=unfinished) for offer in read]
        self._refresh(offers)
        self._require_landed_months(offers, transport)
        if gcp_billing_export.list_folder(transport) != listing:
            raise DeliveryError(f"{transport.location} changed while it was read. Run again when the dump is complete.")
        noted.write(listing.stats, held)
        live = self._live_now()
        landed = {delivery.billing_period: delivery.identity for delivery in live}
        if all(landed.get(offer.period) == offer.identity for offer in offers):
            update_ledger(self.to.landing, sighted=[replace(delivery, manifest=listing.text) for delivery in live])

    def from_table(self) -> None:
        """A table that is asked itself: one query tells which months changed, and where in them."""
        from finops_pipeline.extract.gcp_partitions import read_offers

        table = table_of(self.transports)
        table.partitions.require_columns(self.to.dataset.required)
        live = {period: delivery for (period, _), delivery in self.live.items()}
        found = read_offers(table, table.partitions.probe(), live, self.to.landing)
        offers = [offer for offer in found if isinstance(offer, Offer)]
        self._refresh(offers, [error for error in found if isinstance(error, DeliveryError)])
        self._require_landed_months(offers, table, "partition", "Find out who deleted them, and restore them.")

    def _refresh(self, offers: Sequence[Offer], errors: Sequence[DeliveryError] = ()) -> None:
        errors = list(errors)
        for offer in offers:
            if not self.window.contains(offer.period):
                continue
            before = self.live.get((offer.period, offer.variant))
            try:
                self._take(offer, before)
            except DeliveryError as error:
                errors.append(error)
        self._tell_not_delivered(offers)
        if errors:
            raise DeliveryError("\n".join(dict.fromkeys(map(str, errors))))

    def _take(self, offer: Offer, before: Delivery | None) -> None:
        if before and before.identity.partition(_WRITTEN_ANEW)[0] == offer.identity and self._is_landed(before):
            try:
                self.result.unchanged.append(self._seen_again(offer, before))
                return
            except DeliveryError:
                again = _written_anew(offer)
                if again is None:
                    raise
                offer = again
        known = before or self._month_before(offer)
        landed = land_delivery(self.engine[0], offer, self.to, before, self.report, known)
        self.result.landed.append(landed)
        for line in news_of(landed, before, self.window):
            self.report(line)

    def _is_landed(self, delivery: Delivery) -> bool:
        return not delivery.missing_parts(self.to.landing)

    def _month_before(self, offer: Offer) -> Delivery | None:
        """The newest delivery of an earlier month: its columns are the known ones of a month's first delivery."""
        landed = {
            (d.billing_period or "", d.variant): d for d in self.result.landed if d.source_name == self.source.name
        }
        earlier = [
            delivery
            for (period, variant), delivery in (self.live | landed).items()
            if variant == offer.variant and period < offer.period
        ]
        return max(earlier, key=lambda delivery: delivery.billing_period or "", default=None)

    def _seen_again(self, offer: Offer, before: Delivery) -> Delivery:
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
            update_ledger(self.to.landing, sighted=[seen])
        return seen

    def _require_landed_months(
        self,
        offers: Sequence[Offer],
        transport: Transport,
        what: str = "file",
        next_step: str = "Dump the whole table again and run again.",
    ) -> None:
        """A table only grows: an open month that was landed cannot be empty now. Old months may leave the dumps."""
        offered = {offer.period for offer in offers}
        for (period, _), delivery in self.live.items():
            if delivery.rows and period in self.window.recent_periods() and period not in offered:
                raise DeliveryError(
                    f"{period}: {delivery.rows:,} rows were landed, and no {what} in {transport.location} has one now."
                    f" {next_step} What was landed before stays."
                )

    def _tell_not_delivered(self, offers: Sequence[Offer]) -> None:
        for message in self._not_delivered(offers):
            self.report(message)
            self.result.not_delivered.append(message)

    def _not_delivered(self, offers: Sequence[Offer]) -> Iterator[str]:
        """Expected periods with neither an offer nor a live delivery. The first days of a month are like that."""
        known = {(offer.period, offer.variant) for offer in offers} | set(self.live)
        variants = {variant for _, variant in known} or {self.to.dataset.variants[0]}
        if self.source.amortized_uri is not None:
            variants = set(self.to.dataset.variants)
        where = " and ".join(transport.location for transport in self.transports)
        for period in self.window.expected_periods():
            for variant in sorted(variants):
                if (period, variant) not in known:
                    what = f"{period} {variant}".rstrip()
                    yield f"{self.source.name} {what}: not delivered yet; no complete delivery in {where}"

    def _live_now(self) -> list[Delivery]:
        deliveries = live_deliveries(self.to.landing, self.source.table)
        return [delivery for delivery in deliveries if delivery.source_name == self.source.name]


def _written_anew(offer: Offer) -> Offer | None:
    """The offer under an identity of its own, where the store took its files and, after all of them, its manifest anew.

    An export that overwrites names the same files each time, so its manifest may come again with the same content.
    """
    manifest = offer.transport.stat(offer.manifest_key) if offer.manifest_key else None
    stats = [offer.transport.stat(file.key) for file in offer.files]
    if manifest is None or manifest.modified is None:
        return None
    if any(stat is None or stat.modified is None or stat.modified >= manifest.modified for stat in stats):
        return None
    etags = "\n".join(stat.etag for stat in stats if stat is not None)
    return replace(offer, identity=f"{offer.identity}{_WRITTEN_ANEW}{content_etag(etags.encode())[:16]}")
