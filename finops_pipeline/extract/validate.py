"""What `finops validate` asks of each source: can it be reached, and is there a complete delivery?

Reads manifests and listings only; no data file is opened and nothing is landed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from finops_pipeline.config import Source, UsageFeed
from finops_pipeline.errors import DeliveryError, FinopsError
from finops_pipeline.extract import gcp_billing_export
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.deliveries import Offer
from finops_pipeline.extract.exports import newest_offers, open_transports, table_of
from finops_pipeline.extract.side_by_side import TooSlowError, ask_each
from finops_pipeline.extract.usage_files import matching_files
from finops_pipeline.redaction import redacted
from finops_pipeline.uris import scheme_of

ANSWER_SECONDS = 60.0
"""For one source: a client that retries a throttled store takes half a minute."""


def describe_sources(
    sources: Sequence[Source | UsageFeed], landing: Path, now: datetime, seconds: float = ANSWER_SECONDS
) -> list[str | FinopsError]:
    """One line for each source, in their order, asked side by side; an error where something is missing.

    Never anything else: what nobody foresaw is told by its kind, since its text may hold what no terminal should show.
    """
    answers = ask_each(sources, lambda source: describe_source(source, landing, now), seconds=seconds)

    def told(position: int) -> str | FinopsError:
        answer = answers[position]
        if isinstance(answer, FinopsError):
            return type(answer)(redacted(str(answer)))
        if isinstance(answer, str):
            return answer
        if isinstance(answer, TooSlowError):
            return DeliveryError(
                f"{sources[position].uri} did not answer within {seconds:.0f} s. Check the network, proxies and"
                " firewalls between this machine and the store."
            )
        return DeliveryError(
            f"{sources[position].uri} could not be asked ({type(answer).__name__}). Please report this."
        )

    return [told(position) for position in range(len(sources))]


def describe_source(source: Source | UsageFeed, landing: Path, now: datetime | None = None) -> str:
    """One line on a source that is ready, such as 'reachable; newest delivery 2026-10, written 5 hours ago'.

    Raises:
        DeliveryError: the source cannot be reached, holds no complete delivery yet, or names a file that is not
            there; a line each for what is missing and how to mend it.
    """
    try:
        if isinstance(source, UsageFeed):
            return _describe_feed(source, landing)
        return _describe_export(source, landing, now)
    except OSError as error:
        raise DeliveryError(f"cannot be read: {error}. Check the permissions of this user.") from error


def _describe_feed(feed: UsageFeed, landing: Path) -> str:
    count = len(matching_files(feed, landing)[1])
    if count == 0:
        raise DeliveryError(f"the folder is reachable, but no file matches {feed.uri}. Check the pattern.")
    return f"reachable; {count:,} file{'' if count == 1 else 's'}"


def _describe_export(source: Source, landing: Path, now: datetime | None) -> str:
    transports = open_transports(source, landing)
    for transport in transports:
        transport.require_reachable()
    where = " and ".join(transport.location for transport in transports)
    if scheme_of(source.uri) == "bigquery":
        return table_of(transports).described(DATASETS[source.table].required)
    if DATASETS[source.table].list_offers is None:
        files = len(gcp_billing_export.list_folder(transports[0]).stats)
        if files == 0:
            raise DeliveryError(f"{where} is reachable, but holds no dump of the billing table. Dump it as Parquet.")
        return f"reachable; {files:,} dump files"
    offers, errors = newest_offers(source, transports)
    if errors:
        raise DeliveryError("\n".join(map(str, errors)))
    if not offers:
        raise DeliveryError(
            f"{where} is reachable, but holds no manifest of a complete delivery. A new export delivers within a day;"
            " otherwise check that the uri points at the export's own folder."
        )
    for offer in offers:
        for file in offer.files:
            if offer.transport.stat(file.key) is None:
                raise DeliveryError(
                    f"{file.name}, named by {offer.manifest}, is missing."
                    " Wait for the provider's next delivery, or restore the file."
                )
    newest = max(offers, key=lambda offer: (offer.period, offer.submitted_at or datetime.min))
    written = _written_at(newest)
    age = f", written {_age(now.astimezone(UTC) - written)} ago" if now and written else ""
    return f"reachable; newest delivery {newest.period}{age}"


def _written_at(offer: Offer) -> datetime | None:
    """When the provider delivered: as the manifest says, else when the store took the manifest."""
    if offer.submitted_at is not None:
        return offer.submitted_at.replace(tzinfo=UTC)
    stat = offer.transport.stat(offer.manifest_key) if offer.manifest_key else None
    return stat.modified.astimezone(UTC) if stat is not None and stat.modified is not None else None


def _age(age: timedelta) -> str:
    hours = max(0, round(age.total_seconds() / 3600))
    number, unit = (hours, "hour") if hours < 48 else (hours // 24, "day")
    return f"{number} {unit}{'' if number == 1 else 's'}"
