"""AWS Data Exports (CUR 2.0 and FOCUS, Parquet or csv.gz): which complete deliveries an export's folder holds.

Layout: `metadata/BILLING_PERIOD=YYYY-MM/<export>-Manifest.json` names the data files below
`data/BILLING_PERIOD=YYYY-MM/`, in a folder per execution where the export keeps every version; FOCUS exports write
`billing_period=`. AWS writes the manifest after all data files, so no data folder is ever listed. What else the
manifest names (`additionalOutputFiles`: queries to create Athena and Redshift tables) is no data.
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html
"""

import re
from collections import defaultdict
from typing import Any

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.deliveries import Offer, OfferedFile
from finops_pipeline.extract.manifests import Found, count, named_files, offers_of, read_manifest, text
from finops_pipeline.extract.transport.protocol import Transport

_MANIFEST = re.compile(r"metadata/(?P<partition>[^/]+)/(?:(?P<execution>[^/]+)/)?(?P<name>[^/]+-Manifest\.json)")
_PARTITION = re.compile(r"billing_period=(\d{4}-(?:0[1-9]|1[0-2]))", re.IGNORECASE)
_EXECUTION = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z-[0-9a-fA-F-]+")
"""An execution begins with its instant: of two, the greater is the newer."""

_ENDINGS = (".parquet", ".csv.gz", ".csv")


def list_offers(transport: Transport, source: Source) -> Found:
    """One offer per billing period that has a manifest, ordered by period.

    An error in the place of an offer: its manifest is unreadable, ambiguous, or names files it must not.
    """
    del source
    keys: dict[str, list[re.Match[str]]] = defaultdict(list)
    for key in transport.list("metadata"):
        match = _MANIFEST.fullmatch(key)
        partition = _PARTITION.fullmatch(match["partition"]) if match else None
        if match and partition:
            keys[partition[1]].append(match)
    return offers_of(_offer, [(transport, period, keys[period]) for period in sorted(keys)])


def _offer(transport: Transport, period: str, found: list[re.Match[str]]) -> Offer:
    """The newest delivery of a period.

    The manifest at the period is written anew at each refresh. An export that keeps every version may have one per
    execution as well; where the newest of these is of a later execution, or stands alone, it counts.
    """
    at_period = [match for match in found if match["execution"] is None]
    newest = max((match["execution"] for match in found if match["execution"]), default="")
    executions = [match for match in found if newest and match["execution"] == newest]
    if not at_period:
        return _read(transport, period, _only(transport, executions))
    offer = _read(transport, period, _only(transport, at_period))
    if executions and _EXECUTION.fullmatch(offer.label) and offer.label < newest:
        return _read(transport, period, _only(transport, executions))
    return offer


def _only(transport: Transport, found: list[re.Match[str]]) -> str:
    named = [match for match in found if match["name"] == f"{transport.folder_name}-Manifest.json"]
    chosen = named or found
    if len(chosen) > 1:
        raise DeliveryError(
            f"{transport.location} has several manifests for one billing period: "
            f"{', '.join(match.string for match in chosen)}. Point the uri at the folder of one export."
        )
    return chosen[0].string


def _read(transport: Transport, period: str, manifest_key: str) -> Offer:
    manifest, etag = read_manifest(transport, manifest_key)
    where = f"{transport.location}/{manifest_key}"
    names = manifest.get("dataFiles")
    if not isinstance(names, list):
        raise DeliveryError(f"{period}: {where} has no list dataFiles; expected the manifest of an AWS data export.")
    files = named_files(transport, [_named(entry, where) for entry in names], where)
    for file in files:
        folder = re.match(r"data/([^/]+)/", file.key)
        partition = _PARTITION.fullmatch(folder[1]) if folder else None
        if not partition or partition[1] != period:
            raise DeliveryError(
                f"{period}: {where} names {file.name!r}, which is not in data/BILLING_PERIOD={period}/."
            )
        if not file.key.endswith(_ENDINGS):
            raise DeliveryError(
                f"{period}: {file.name!r}, named by {where}, is neither Parquet nor CSV; expected an ending of"
                f" {', '.join(_ENDINGS)}. Set the export's format to Parquet or gzip/csv."
            )
    executions = sorted({part for file in files for part in file.key.split("/") if _EXECUTION.fullmatch(part)})
    if len(executions) > 1:
        raise DeliveryError(
            f"{period}: {where} names files of several executions: {', '.join(executions)}; expected those of one."
            " Run again after the next delivery."
        )
    execution = executions[0] if executions else text(manifest.get("executionId")) or ""
    return Offer(
        transport=transport,
        variant="",
        period=period,
        identity=f"execution={execution};manifest={etag}",
        manifest=where,
        files=files,
        label=execution,
        manifest_key=manifest_key,
        manifest_etag=etag,
    )


def _named(entry: Any, where: str) -> OfferedFile:
    """A data file as named: the object's key, or an object that tells its size as well."""
    if isinstance(entry, dict):
        name = text(entry.get("key")) or text(entry.get("s3Uri")) or text(entry.get("path"))
        if name:
            return OfferedFile("", name, count(entry.get("size")), count(entry.get("rowCount")))
    elif text(entry):
        return OfferedFile("", entry)
    raise DeliveryError(f"{where} has an entry in dataFiles that names no file: {entry!r}.")
