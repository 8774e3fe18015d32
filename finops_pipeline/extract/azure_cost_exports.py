"""Azure Cost Management exports (actual and amortized cost details, csv and csv.gz): which deliveries they hold.

Each run writes a folder of its own with `manifest.json` (older: `_manifest.json`) beside its parts. A month-to-date
export leaves one folder per day or overwrites the last; on the first five days a second, hidden run delivers the month
before. Per period and type the run submitted last counts, wherever its folder stands.
https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile
from finops_pipeline.extract.manifests import Found, count, named_files, offers_of, read_manifest, text
from finops_pipeline.extract.transport.protocol import Transport

ACTUAL, AMORTIZED = "ActualCost", "AmortizedCost"
_MANIFEST = re.compile(r"(.*/)?_?manifest\.json", re.IGNORECASE)
_READ_VERSION = "2024-04-01"


def list_offers(transport: Transport, source: Source) -> Found:
    """Every run there is; which one counts for its period and type is decided over all folders of the source.

    An error in the place of an offer: its manifest is unreadable, of another version or type, or names files it must
    not.
    """
    del source
    return offers_of(_offer, [(transport, key) for key in transport.list() if _MANIFEST.fullmatch(key)])


def run_order(offer: Offer) -> tuple[datetime, str]:
    """Later runs are greater: by the instant of submission, then by run id so that the choice is always the same."""
    return (offer.submitted_at or datetime.min, offer.identity)


def _offer(transport: Transport, manifest_key: str) -> Offer:
    manifest, etag = read_manifest(transport, manifest_key)
    where = f"{transport.location}/{manifest_key}"
    version = manifest.get("manifestVersion")
    if version != _READ_VERSION:
        raise DeliveryError(
            f"{where} has manifestVersion {version!r}, which is not read yet by this version; expected {_READ_VERSION}."
            " Recreate the export in Cost Management with the current schema, or move the old runs away."
        )
    config, run = (part if isinstance(part, dict) else {} for part in map(manifest.get, ("exportConfig", "runInfo")))
    kind = config.get("type")
    if kind not in (ACTUAL, AMORTIZED):
        raise DeliveryError(
            f"{where} is of type {kind!r}; expected {ACTUAL} or {AMORTIZED}."
            " Point uri and amortized_uri at cost details."
        )
    run_id = text(run.get("runId"))
    submitted_at = _instant(run.get("submittedTime"))
    if run_id is None or submitted_at is None:
        raise DeliveryError(f"{where} has no runInfo with runId and submittedTime; expected both.")
    period = _period(run, where)
    files = named_files(transport, list(_named(manifest, where)), where)
    for file in files:
        if not file.key.lower().endswith((".csv", ".csv.gz")):
            raise DeliveryError(
                f"{period}: {file.name!r}, named by {where}, is no CSV file; Parquet exports are not read yet by this"
                " version. Set the export's format to CSV."
            )
    return Offer(
        transport=transport,
        variant=kind,
        period=period,
        identity=f"run={run_id};manifest={etag}",
        manifest=where,
        files=files,
        label=run_id,
        manifest_key=manifest_key,
        manifest_etag=etag,
        rows=count(manifest.get("dataRowCount")),
        submitted_at=submitted_at,
    )


def _named(manifest: dict[str, Any], where: str) -> Iterator[OfferedFile]:
    blobs = manifest.get("blobs")
    if not isinstance(blobs, list):
        raise DeliveryError(f"{where} has no list blobs; expected the files of the run.")
    told = count(manifest.get("blobCount"))
    if told is not None and told != len(blobs):
        raise DeliveryError(
            f"{where} says blobCount {told} and names {len(blobs)} blobs. Run again after the next export."
        )
    for blob in blobs:
        name = text(blob.get("blobName")) if isinstance(blob, dict) else None
        if name is None:
            raise DeliveryError(f"{where} has an entry in blobs without blobName: {blob!r}.")
        yield OfferedFile("", name.strip(), count(blob.get("byteCount")), count(blob.get("dataRowCount")))


def _period(run: dict[str, Any], where: str) -> str:
    """The calendar month of the run's dates; the end is a last day or the midnight after it."""
    start, end = _day(run.get("startDate")), _day(run.get("endDate"))
    if start is None or end is None:
        raise DeliveryError(f"{where} has no runInfo with startDate and endDate; expected the month of the export.")
    following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    if not start <= end <= following:
        raise DeliveryError(
            f"{where} covers {start} to {end}; expected days of one month. Export month to date or whole months."
        )
    return f"{start:%Y-%m}"


def _day(value: Any) -> date | None:
    """The day as written: startDate carries no offset and endDate does, so no zone is applied to either."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _instant(value: Any) -> datetime | None:
    """A UTC instant without zone; Azure writes seven digits of the second, of which six are kept."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        return None
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
