"""The legacy Cost and Usage Report (CUR 1, csv.gz): which complete deliveries a report's folder holds.

Layout: `yyyymmdd-yyyymmdd/<report>-Manifest.json` (end exclusive) is the newest delivery of that period and names its
files by `reportKeys`; copies in the assembly folders belong to older ones and are not read.
https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html
"""

import re

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile
from finops_pipeline.extract.manifests import Found, named_files, offers_of, read_manifest, text
from finops_pipeline.extract.transport.protocol import Transport

_FOLDER = re.compile(r"\d{8}-\d{8}")
_MANIFEST = re.compile(r"(?P<start>\d{8})-(?P<end>\d{8})/(?P<name>[^/]+-Manifest\.json)")


def list_offers(transport: Transport, source: Source) -> Found:
    """One offer per billing period that has a manifest, ordered by period.

    An error in the place of an offer: its manifest is unreadable, ambiguous, or names files it must not.
    """
    del source
    found: dict[str, list[re.Match[str]]] = {}
    for folder in transport.folders():
        for key in transport.list(folder, recursive=False) if _FOLDER.fullmatch(folder) else ():
            match = _MANIFEST.fullmatch(key)
            if match:
                found.setdefault(folder, []).append(match)
    return offers_of(_offer, [(transport, matches) for _, matches in sorted(found.items())])


def _period(match: re.Match[str], transport: Transport) -> str:
    start, end = match["start"], match["end"]
    year, month = int(start[:4]), int(start[4:6])
    following = f"{year + month // 12}{month % 12 + 1:02}01"
    if not 1 <= month <= 12 or start[6:] != "01" or end != following:
        raise DeliveryError(
            f"{transport.location}/{match.string} is in a folder that spans no calendar month;"
            " expected such as 20261001-20261101."
        )
    return f"{start[:4]}-{start[4:6]}"


def _manifest_key(transport: Transport, found: list[re.Match[str]]) -> str:
    keys = [match.string for match in found]
    named = [key for key in keys if key.endswith(f"/{transport.folder_name}-Manifest.json")] or keys
    if len(named) > 1:
        raise DeliveryError(
            f"{transport.location} has several manifests for one billing period: {', '.join(named)}."
            " Point the uri at the folder of one report."
        )
    return named[0]


def _offer(transport: Transport, found: list[re.Match[str]]) -> Offer:
    period = _period(found[0], transport)
    manifest_key = _manifest_key(transport, found)
    manifest, etag = read_manifest(transport, manifest_key)
    where = f"{transport.location}/{manifest_key}"
    keys = manifest.get("reportKeys")
    if not isinstance(keys, list) or not all(text(key) for key in keys):
        raise DeliveryError(f"{period}: {where} has no list reportKeys; expected the manifest of a legacy report.")
    told = manifest.get("billingPeriod")
    started = text(told.get("start")) if isinstance(told, dict) else None
    if started and started[:6] != period.replace("-", ""):
        raise DeliveryError(f"{period}: {where} tells of the period that starts {started}; expected {period}.")
    files = named_files(transport, [OfferedFile("", key) for key in keys], where)
    folder = manifest_key.rsplit("/", 1)[0]
    for file in files:
        if not file.key.startswith(f"{folder}/"):
            raise DeliveryError(f"{period}: {where} names {file.name!r}, which is not in {folder}/.")
        if not file.key.endswith((".csv.gz", ".csv")):
            raise DeliveryError(
                f"{period}: {file.name!r}, named by {where}, is no csv.gz file; zip and Parquet reports are not read"
                " yet by this version. Set the report's compression to GZIP."
            )
    assembly = text(manifest.get("assemblyId")) or ""
    return Offer(
        transport=transport,
        variant="",
        period=period,
        identity=f"assembly={assembly};manifest={etag}",
        manifest=where,
        files=files,
        label=assembly,
        manifest_key=manifest_key,
        manifest_etag=etag,
    )
