"""The legacy Cost and Usage Report (CUR 1; csv.gz, zip, Parquet): which complete deliveries a report's folder holds.

Layout: `yyyymmdd-yyyymmdd/<report>-Manifest.json` (end exclusive) is the newest delivery of that period and names its
files by `reportKeys`. CSV reports that keep every version have each in the folder of its assembly, with a copy of its
manifest; Parquet reports for Athena stand in `<report>/year=YYYY/month=M/`. No data folder is listed, so Athena's own
files (status table, crawler templates, queries) are never taken for data.
https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html
"""

import re

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile
from finops_pipeline.extract.manifests import Found, named_files, offers_of, read_manifest, text
from finops_pipeline.extract.transport.protocol import Transport

_FOLDER = re.compile(r"(?P<start>\d{8})-(?P<end>\d{8})")
_ATHENA_MONTH = re.compile(r"(?:[^/]+/)*year=(?P<year>\d{4})/month=(?P<month>\d{1,2})/[^/]+")
_INSTANT = re.compile(r"\d{8}T\d{6}Z")
_MANIFEST = "-Manifest.json"
_ENDINGS = (".csv.gz", ".csv.zip", ".zip", ".csv", ".parquet")


def list_offers(transport: Transport, source: Source) -> Found:
    """One offer per billing period that has a manifest, ordered by period.

    An error in the place of an offer: its manifest is unreadable, ambiguous, or names files it must not.
    """
    del source
    folders = [folder for folder in transport.folders() if _FOLDER.fullmatch(folder)]
    found = [(transport, folder, manifests) for folder in folders if (manifests := _manifests(transport, folder))]
    return offers_of(_offer, found)


def _manifests(transport: Transport, folder: str) -> list[str]:
    """The manifests of a period; where it has none of its own, those of its newest assembly."""
    at_period = _directly_in(transport, folder)
    if at_period:
        return at_period
    in_assemblies = {
        assembly: found for assembly in transport.folders(folder) if (found := _directly_in(transport, assembly))
    }
    if in_assemblies and all(_INSTANT.fullmatch(assembly.rpartition("/")[2]) for assembly in in_assemblies):
        return in_assemblies[max(in_assemblies)]
    # An assembly that is named by an id does not tell when it was written: several of them are ambiguous.
    return [manifest for found in in_assemblies.values() for manifest in found]


def _directly_in(transport: Transport, folder: str) -> list[str]:
    return [key for key in transport.list(folder, recursive=False) if key.endswith(_MANIFEST)]


def _period(folder: str, where: str) -> str:
    match = _FOLDER.fullmatch(folder)
    start, end = (match["start"], match["end"]) if match else ("", "")
    year, month = int(start[:4]), int(start[4:6])
    following = f"{year + month // 12}{month % 12 + 1:02}01"
    if not 1 <= month <= 12 or start[6:] != "01" or end != following:
        raise DeliveryError(f"{where} is in a folder that spans no calendar month; expected such as 20261001-20261101.")
    return f"{start[:4]}-{start[4:6]}"


def _manifest_key(transport: Transport, found: list[str]) -> str:
    named = [key for key in found if key.endswith(f"/{transport.folder_name}{_MANIFEST}")] or found
    if len(named) > 1:
        raise DeliveryError(
            f"{transport.location} has several manifests for one billing period: {', '.join(named)}."
            " Point the uri at the folder of one report."
        )
    return named[0]


def _offer(transport: Transport, folder: str, found: list[str]) -> Offer:
    manifest_key = _manifest_key(transport, found)
    where = f"{transport.location}/{manifest_key}"
    period = _period(folder, where)
    manifest, etag = read_manifest(transport, manifest_key)
    keys = manifest.get("reportKeys")
    if not isinstance(keys, list) or not all(text(key) for key in keys):
        raise DeliveryError(f"{period}: {where} has no list reportKeys; expected the manifest of a legacy report.")
    told = manifest.get("billingPeriod")
    started = text(told.get("start")) if isinstance(told, dict) else None
    if started and started[:6] != period.replace("-", ""):
        raise DeliveryError(f"{period}: {where} tells of the period that starts {started}; expected {period}.")
    files = named_files(transport, [OfferedFile("", key) for key in keys], where)
    for file in files:
        _require_of_period(file, period, folder, where)
    _require_one_assembly(files, period, folder, where)
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


def _require_of_period(file: OfferedFile, period: str, folder: str, where: str) -> None:
    athena = _ATHENA_MONTH.fullmatch(file.key)
    of_month = athena is not None and f"{athena['year']}-{int(athena['month']):02}" == period
    if not (of_month or file.key.startswith(f"{folder}/")):
        raise DeliveryError(
            f"{period}: {where} names {file.name!r}, which is not in {folder}/ and not in the month's"
            " year=…/month=…/ folder."
        )
    if not file.key.lower().endswith(_ENDINGS):
        raise DeliveryError(
            f"{period}: {file.name!r}, named by {where}, is neither CSV nor Parquet; expected an ending of"
            f" {', '.join(_ENDINGS)}."
        )


def _require_one_assembly(files: tuple[OfferedFile, ...], period: str, folder: str, where: str) -> None:
    assemblies = sorted({file.key.removeprefix(f"{folder}/").rpartition("/")[0] for file in files})
    if len(assemblies) > 1:
        raise DeliveryError(
            f"{period}: {where} names files of several assemblies: {', '.join(assemblies)}; expected those of one."
            " Run again after the next delivery."
        )
