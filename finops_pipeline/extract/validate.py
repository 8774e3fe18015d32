"""What `finops validate` asks of each source: can it be reached, and is there a complete delivery?

Reads manifests and listings only; no data file is opened and nothing is landed.
"""

from pathlib import Path

from finops_pipeline.config import Source, UsageFeed
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract import gcp_billing_export, usage
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.exports import newest_offers, open_transports, table_of
from finops_pipeline.uris import scheme_of


def describe_source(source: Source | UsageFeed, landing: Path) -> str:
    """One line on a source that is ready, such as 'reachable; newest delivery 2026-10'.

    Raises:
        DeliveryError: the source cannot be reached, holds no complete delivery yet, or names a file that is not
            there; a line each for what is missing and how to mend it.
    """
    try:
        return _describe_feed(source, landing) if isinstance(source, UsageFeed) else _describe_export(source, landing)
    except OSError as error:
        raise DeliveryError(f"cannot be read: {error}. Check the permissions of this user.") from error


def _describe_feed(feed: UsageFeed, landing: Path) -> str:
    count = len(usage.matching_files(feed, landing)[1])
    if count == 0:
        raise DeliveryError(f"the folder is reachable, but no file matches {feed.uri}. Check the pattern.")
    return f"reachable; {count:,} file{'' if count == 1 else 's'}"


def _describe_export(source: Source, landing: Path) -> str:
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
    return f"reachable; newest delivery {max(offer.period for offer in offers)}"
