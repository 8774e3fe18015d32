"""What the sources offer beside what is landed, by their manifests alone: the question of the sensor `new_deliveries`.

No data file is opened, nothing is downloaded or landed, and the warehouse is never touched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finops_pipeline.config import Source
from finops_pipeline.errors import FinopsError
from finops_pipeline.extract import gcp_billing_export
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.deliveries import Delivery, Offer
from finops_pipeline.extract.exports import newest_offers, open_transports
from finops_pipeline.extract.ledger import live_deliveries
from finops_pipeline.extract.side_by_side import TooSlowError, ask_each
from finops_pipeline.extract.transport.protocol import Transport
from finops_pipeline.redaction import redacted
from finops_pipeline.uris import scheme_of

ALL_PERIODS = "*"
"""Stands for the period where only the whole export has an identity: a folder of table dumps."""


@dataclass
class News:
    """What a look at all sources found."""

    changed: list[str] = field(default_factory=list)
    """'source period variant identity' of what is offered and not live, sorted."""
    failed: list[str] = field(default_factory=list)
    """A line for each source that could not be asked; those that could stand beside it all the same."""
    too_slow: list[str] = field(default_factory=list)
    """Sources that did not answer in time."""


def look_for_news(sources: Sequence[Source], landing: Path, seconds: float) -> News:
    """Ask all sources side by side, within a bound for all of them."""
    news = News()
    answers = ask_each(sources, lambda source: _changed(source, landing), seconds=seconds, in_all=seconds)
    for position, source in enumerate(sources):
        answer = answers[position]
        if isinstance(answer, TooSlowError):
            news.too_slow.append(source.name)
        elif isinstance(answer, Exception):
            known = str(answer).splitlines()[0] if isinstance(answer, FinopsError | OSError) else type(answer).__name__
            news.failed.append(redacted(f"{source.name}: {known}"))
        else:
            news.changed += answer
    news.changed.sort()
    return news


def offered_identities(source: Source, landing: Path) -> list[tuple[str, str, str]]:
    """(period, variant, identity) of every delivery a source offers now; `ALL_PERIODS` for a folder of dumps.

    Raises:
        FinopsError: the source cannot be reached, and nothing can be said about it.
    """
    transports = open_transports(source, landing)
    for transport in transports:
        transport.require_reachable()
    if scheme_of(source.uri) == "bigquery":
        return [(offer.period, offer.variant, offer.identity) for offer in _of_table(source, transports, landing)]
    if DATASETS[source.table].list_offers is None:
        listing = gcp_billing_export.list_folder(transports[0])
        return [(ALL_PERIODS, "", listing.text)] if listing.stats else []
    offers, errors = newest_offers(source, transports)
    if errors and not offers:
        raise errors[0]
    return [(offer.period, offer.variant, offer.identity) for offer in offers]


def _of_table(source: Source, transports: Sequence[Transport], landing: Path) -> list[Offer]:
    """One query over the partitions tells which months changed; no row is read."""
    from finops_pipeline.extract.exports import table_of
    from finops_pipeline.extract.gcp_partitions import read_offers

    table = table_of(transports)
    live = {delivery.billing_period or "": delivery for delivery in _live(source, landing)}
    found = read_offers(table, table.partitions.probe(), live, landing)
    return [offer for offer in found if isinstance(offer, Offer)]


def _changed(source: Source, landing: Path) -> list[str]:
    live = _live(source, landing)
    known = {(d.billing_period, d.variant): d.identity for d in live}
    changed = []
    for period, variant, identity in offered_identities(source, landing):
        if period == ALL_PERIODS:
            is_known = bool(live) and all(delivery.manifest == identity for delivery in live)
        else:
            # An identity may have a part that is only known once the files were looked at: `;files=`.
            is_known = known.get((period, variant), "").partition(";files=")[0] == identity
        if not is_known:
            changed.append(" ".join((source.name, period, variant, identity)))
    return changed


def _live(source: Source, landing: Path) -> list[Delivery]:
    return [delivery for delivery in live_deliveries(landing, source.table) if delivery.source_name == source.name]
