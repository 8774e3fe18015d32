"""What the manifest of an Azure export's run says, in both generations that are about.

2024-04-01 tells everything. 2021-01-01 names the files only: its month, time and run are in the folders above it, and
its type in the export's name or in which of the source's uris it was found under.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile
from finops_pipeline.extract.manifests import count, named_files, read_manifest, text
from finops_pipeline.extract.transport.protocol import Transport
from finops_pipeline.uris import is_local, local_path

ACTUAL, AMORTIZED, FOCUS = "ActualCost", "AmortizedCost", "FocusCost"
TYPES = {"cost_details": (ACTUAL, AMORTIZED), "focus": (FOCUS,)}
"""Export types by dataset; runs of other types in the same folder are left to whoever wants them."""

DATE_RANGE = re.compile(r"(?:^|/)(\d{8})-(\d{8})(?=/)")
RUN_TIME = re.compile(r"(?:^|/)(\d{12})(?:\d\d)?(?=/)")
_RUN_ID = re.compile(r"(?:^|/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/)", re.IGNORECASE)
_NEW, _OLD = "2024-04-01", "2021-01-01"
_READ = (".csv", ".csv.gz", ".parquet")


class PartialRunError(DeliveryError):
    """A run of days that are no month from its first on; of no concern where runs of whole months hold all of them."""

    def __init__(self, message: str, kind: str = "", scope: str | None = None, days: tuple[date, date] | None = None):
        super().__init__(message)
        self.kind, self.scope, self.days = kind, scope, days


@dataclass(frozen=True)
class Run:
    """One run of an export. Of a type that no one asked for, nothing more than the manifest's head is looked at."""

    transport: Transport
    key: str
    manifest: dict[str, Any]
    etag: str
    kind: str
    run_id: str
    submitted_at: datetime
    period: str
    covered_to: date
    """The last day the run can hold costs of."""
    scope: str | None
    """What the export is of (a billing account, a subscription); None where the manifest does not tell."""

    @property
    def where(self) -> str:
        """The manifest as a person finds it."""
        return f"{self.transport.location}/{self.key}"

    @property
    def folder(self) -> str:
        """The export's own folder: range, time and run id taken out, which stand in one order or another."""
        folder = f"{self.key.rpartition('/')[0]}/".replace(f"/{self.run_id}/", "/")
        for part in (DATE_RANGE, RUN_TIME, _RUN_ID):
            folder = part.sub("", folder)
        return folder.strip("/")

    def offer(self) -> Offer:
        """The delivery this run is.

        Raises:
            DeliveryError: the manifest names files it must not, or none it should.
        """
        files = named_files(self.transport, list(_named(self.manifest, self.where)), self.where)
        for file in files:
            if not file.key.lower().endswith(_READ):
                raise DeliveryError(
                    f"{self.period}: {file.name!r}, named by {self.where}, is neither CSV nor Parquet. Set the export's"
                    " format to one of them."
                )
        return Offer(
            transport=self.transport,
            variant="" if self.kind == FOCUS else self.kind,
            period=self.period,
            identity=f"run={self.run_id};manifest={self.etag}",
            manifest=self.where,
            files=files,
            label=self.run_id,
            manifest_key=self.key,
            manifest_etag=self.etag,
            rows=count(self.manifest.get("dataRowCount")),
            submitted_at=self.submitted_at,
        )


def read_run(transport: Transport, source: Source, key: str) -> Run:
    """The run that a manifest describes.

    Raises:
        DeliveryError: the manifest is unreadable, of another version, or does not say what, when or which month.
    """
    manifest, etag = read_manifest(transport, key)
    where = f"{transport.location}/{key}"
    version = manifest.get("manifestVersion")
    if version == _NEW:
        return _new_run(transport, source, key, manifest, etag)
    if version == _OLD:
        return _old_run(transport, source, key, manifest, etag)
    raise DeliveryError(
        f"{where} has manifestVersion {version!r}, which is not read yet by this version; expected {_NEW} or {_OLD}."
        " Recreate the export in Cost Management with the current schema, or move the old runs away."
    )


def _new_run(transport: Transport, source: Source, key: str, manifest: dict[str, Any], etag: str) -> Run:
    where = f"{transport.location}/{key}"
    config, run = (part if isinstance(part, dict) else {} for part in map(manifest.get, ("exportConfig", "runInfo")))
    kind, run_id = text(config.get("type")), text(run.get("runId"))
    submitted_at = _instant(run.get("submittedTime"))
    if kind is None:
        raise DeliveryError(f"{where} has no exportConfig with type; expected {ACTUAL}, {AMORTIZED} or {FOCUS}.")
    if kind not in TYPES[source.dataset]:
        return Run(transport, key, manifest, etag, kind, "", datetime.min, "", date.min, scope=None)
    if run_id is None or submitted_at is None:
        raise DeliveryError(f"{where} has no runInfo with runId and submittedTime; expected both.")
    start, end = _day(run.get("startDate")), _day(run.get("endDate"))
    if start is None or end is None:
        raise DeliveryError(f"{where} has no runInfo with startDate and endDate; expected the month of the export.")
    export = text(config.get("resourceId"))
    scope = re.split("/providers/Microsoft.CostManagement/", export, flags=re.IGNORECASE)[0] if export else None
    month = _month(start, end, submitted_at)
    if month is None:
        raise _of_some_days(where, kind, scope, start, end)
    return Run(transport, key, manifest, etag, kind, run_id, submitted_at, *month, scope)


def _old_run(transport: Transport, source: Source, key: str, manifest: dict[str, Any], etag: str) -> Run:
    where = f"{transport.location}/{key}"
    if source.dataset != "cost_details":
        raise DeliveryError(f"{where} has manifestVersion {_OLD!r}, which has no FOCUS exports; expected {_NEW}.")
    named = next(iter(_named(manifest, where)), None)
    paths = (key, named.name if named else "")
    days, time, run_id = (_first(part, paths) for part in (DATE_RANGE, RUN_TIME, _RUN_ID))
    start, end = (_folder_time(text, "%Y%m%d") for text in (days.groups() if days else ("", "")))
    submitted_at = _folder_time(time[1] if time else "", "%Y%m%d%H%M")
    if start is None or end is None or submitted_at is None:
        raise DeliveryError(
            f"{where} has manifestVersion {_OLD!r} and is not in folders that tell its month and its time; expected"
            " them as Azure writes them: …/20261001-20261031/202610190400/<run id>/."
        )
    kind, known_as = _old_type(transport, source, key), run_id[1] if run_id else f"{submitted_at:%Y%m%d%H%M}"
    month = _month(start.date(), end.date(), submitted_at)
    if month is None:
        raise _of_some_days(where, kind, None, start.date(), end.date())
    return Run(transport, key, manifest, etag, kind, known_as, submitted_at, *month, scope=None)


def _old_type(transport: Transport, source: Source, key: str) -> str:
    """By the name of the export where it says so, else by the uri that leads to it."""
    name = f"{transport.folder_name}/{key}".lower()
    if ("amorti" in name) != ("actual" in name):
        return AMORTIZED if "amorti" in name else ACTUAL
    uri = source.amortized_uri
    location = str(local_path(uri).absolute()) if uri and is_local(uri) else (uri or "").rstrip("/")
    return AMORTIZED if transport.location == location else ACTUAL


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
        if blob.get("headerRowCount", 1) not in (1, None):
            raise DeliveryError(f"{where} says that {name!r} has {blob['headerRowCount']!r} header rows; expected 1.")
        yield OfferedFile("", name.strip(), count(blob.get("byteCount")), count(blob.get("dataRowCount")))


def _month(start: date, end: date, submitted_at: datetime) -> tuple[str, date] | None:
    """The calendar month of a run and the last day it can cover; the end is a last day or the midnight after it."""
    months = (end.year - start.year) * 12 + end.month - start.month
    is_one_month = (months == 0 and end >= start) or (months == 1 and end.day == 1)
    if not is_one_month or start.day != 1:
        return None
    last = end if months == 0 else end - timedelta(days=1)
    return f"{start:%Y-%m}", min(last, submitted_at.date())


def _of_some_days(where: str, kind: str, scope: str | None, start: date, end: date) -> PartialRunError:
    return PartialRunError(
        f"{where} covers {start} to {end}; expected days of one month from its first on. Export month to date or whole"
        " months: a run that holds all of these days takes its place. Or remove the folder of this run.",
        kind,
        scope,
        (start, end),
    )


def _first(pattern: re.Pattern[str], paths: tuple[str, ...]) -> re.Match[str] | None:
    return next((found for path in paths if (found := pattern.search(path))), None)


def _folder_time(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


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
        return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
