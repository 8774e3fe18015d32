"""Small exports in the clouds' own layouts, written into a temporary folder by the tests that read them."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from finops_pipeline.config import Config, Source, UsageFeed
from finops_pipeline.extract.deliveries import Window
from finops_pipeline.extract.refresh import ExtractResult, extract_table
from finops_pipeline.settings import Settings

NOW = datetime(2026, 10, 20, 6, tzinfo=UTC)

CUR2_ROW = {
    "bill_payer_account_id": "012345678901",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": datetime(2026, 10, 1),
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": 1.25,
}
AZURE_ROW = {
    "BillingAccountId": "8611537",
    "Date": "10/01/2026",
    "MeterCategory": "Virtual Machines",
    "Quantity": "1",
    "Cost": "3.25",
    "BillingCurrency": "USD",
    "Tags": '"env": "prod"',
    "ChargeType": "Usage",
}
GCP_ROW = {
    "billing_account_id": "01AB-02",
    "service": {"id": "6F81", "description": "Compute Engine"},
    "usage_start_time": "2026-10-01 00:00:00 UTC",
    "usage_end_time": "2026-10-01 01:00:00 UTC",
    "export_time": "2026-10-02 03:04:05.678 UTC",
    "cost": 2.5,
    "currency": "USD",
    "credits": [{"name": "sustained use", "amount": -0.5, "type": "SUSTAINED_USAGE_DISCOUNT"}],
    "invoice": {"month": "202610"},
    "labels": [{"key": "team", "value": "search"}],
}


class Company:
    """A configured company in a temporary folder: sources, feeds, landing zone and a way to refresh a table."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.home = folder / "home"
        self.sources: list[Source] = []
        self.feeds: list[UsageFeed] = []
        self.told: list[str] = []

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    def add(self, provider: str, dataset: str, uri: Path, name: str = "payer", **more: Any) -> None:
        fields = {"name": name, "provider": provider, "dataset": dataset, "uri": f"file://{uri}"} | more
        self.sources.append(Source.model_validate(fields))

    def add_feed(self, kind: str, pattern: str, name: str = "feed") -> None:
        self.feeds.append(UsageFeed.model_validate({"name": name, "kind": kind, "uri": f"file://{pattern}"}))

    def refresh(
        self, table: str, now: datetime = NOW, from_period: str | None = None, to_period: str | None = None
    ) -> ExtractResult:
        config = Config(
            version=1, sources=tuple(self.sources), usage=tuple(self.feeds), path=self.folder / "finops.yaml"
        )
        settings = Settings(self.home, self.folder / "finops.yaml", now, self.home / "dagster")
        return extract_table(table, config, settings, Window(from_period, to_period, now), self.told.append)

    def landed(self, result: ExtractResult) -> list[dict[str, Any]]:
        """The rows of all live deliveries, in the order they were landed."""
        rows = []
        for delivery in result.live:
            for file in delivery.files:
                rows += pq.read_table(self.landing / file.landed).to_pylist()
        return rows


def cur2_rows(*costs: Any, **more: Any) -> list[dict[str, Any]]:
    return [CUR2_ROW | {"line_item_unblended_cost": cost} | more for cost in costs]


def write_parquet(path: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def csv_bytes(rows: list[dict[str, Any]], header: list[str] | None = None) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def write_csv(path: Path, rows: list[dict[str, Any]], header: list[str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = csv_bytes(rows, header)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def as_csv(row: dict[str, Any]) -> dict[str, str]:
    """A row as AWS writes it into CSV: maps as JSON text, instants in UTC, nothing for null."""

    def text(value: Any) -> str:
        if isinstance(value, list):  # a map, as pyarrow takes it
            return json.dumps(dict(value), separators=(",", ":"), ensure_ascii=False)
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%dT%H:%M:%S}.000Z"
        return "" if value is None else str(value)

    return {name: text(value) for name, value in row.items()}


class Cur2Export:
    """`<folder>/acme-billing/<prefix>/finops-cur2/{data,metadata}/…`."""

    def __init__(self, folder: Path, prefix: str = "cur2"):
        self.root = folder / "acme-billing" / prefix / "finops-cur2"
        self.root.mkdir(parents=True)
        self.prefix = f"s3://acme-billing/{prefix}/finops-cur2/"

    def deliver(
        self,
        period: str,
        *parts: list[dict[str, Any]],
        execution: str | None = None,
        ending: str = "snappy.parquet",
        **manifest: Any,
    ) -> None:
        """One complete delivery: all data files, then the manifest."""
        names = []
        for number, rows in enumerate(parts, start=1):
            folder = f"data/BILLING_PERIOD={period}/" + (f"{execution}/" if execution else "")
            key = f"{folder}finops-cur2-{number:05}.{ending}"
            if ending.endswith("parquet"):
                write_parquet(self.root / key, rows)
            else:
                write_csv(self.root / key, [as_csv(row) for row in rows])
            names.append(self.prefix + key)
        self.write_manifest(period, {"dataFiles": names} | ({"executionId": execution} if execution else {}) | manifest)

    def write_manifest(self, period: str, manifest: dict[str, Any]) -> None:
        path = self.manifest_path(period)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(manifest))

    def manifest_path(self, period: str) -> Path:
        return self.root / "metadata" / f"BILLING_PERIOD={period}" / "finops-cur2-Manifest.json"

    def data_files(self) -> list[Path]:
        return sorted((self.root / "data").rglob("*.parquet"))


class AzureExport:
    """`<folder>/billing/exports/<name>/<range>/<run time>/<run id>/{manifest.json,part_…}`."""

    def __init__(self, folder: Path, name: str = "actual"):
        self.container = folder / "billing"
        self.root = self.container / "exports" / name
        self.root.mkdir(parents=True)
        self.name = name

    def deliver(
        self,
        period: str,
        *parts: list[dict[str, Any]],
        run: str = "11111111-aaaa-4bbb-8ccc-000000000001",
        submitted: str = "2026-10-19T04:00:00.1234567Z",
        kind: str = "ActualCost",
        manifest_name: str = "manifest.json",
        **manifest: Any,
    ) -> Path:
        year, month = period.split("-")
        stamp = "".join(letter for letter in submitted[:16] if letter.isdigit())
        folder = self.root / f"{year}{month}01-{year}{month}28" / stamp / run
        folder.mkdir(parents=True, exist_ok=True)
        blobs = []
        for number, rows in enumerate(parts):
            path = write_csv(folder / f"part_{number}_0001.csv.gz", rows, list(AZURE_ROW) if not rows else None)
            name = path.relative_to(self.container).as_posix()
            blobs.append({"blobName": name, "byteCount": path.stat().st_size, "dataRowCount": len(rows)})
        content = {
            "manifestVersion": "2024-04-01",
            "byteCount": sum(blob["byteCount"] for blob in blobs),
            "blobCount": len(blobs),
            "dataRowCount": sum(blob["dataRowCount"] for blob in blobs),
            "exportConfig": {"exportName": self.name, "type": kind, "dataVersion": "2023-12-01-preview"},
            "deliveryConfig": {"fileFormat": "Csv", "compressionMode": "Gzip", "rootFolderPath": "exports"},
            "runInfo": {
                "executionType": "Scheduled",
                "submittedTime": submitted,
                "runId": run,
                "startDate": f"{period}-01T00:00:00",
                "endDate": f"{period}-28T00:00:00Z",
            },
            "blobs": blobs,
        } | manifest
        path = folder / manifest_name
        path.write_text(json.dumps(content))
        return path


class LegacyExport:
    """`<folder>/acme-billing/reports/finops-cur/<range>/…`, a legacy Cost and Usage Report."""

    def __init__(self, folder: Path):
        self.root = folder / "acme-billing" / "reports" / "finops-cur"
        self.root.mkdir(parents=True)

    def deliver(self, months: str, *parts: bytes, assembly: str = "20261019T000000Z", **manifest: Any) -> Path:
        keys = []
        for number, content in enumerate(parts, start=1):
            key = f"{months}/{assembly}/finops-cur-{number:05}.csv.gz"
            path = self.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(content, mtime=0))
            keys.append(f"reports/finops-cur/{key}")
        content = {"assemblyId": assembly, "bucket": "acme-billing", "reportName": "finops-cur", "reportKeys": keys}
        path = self.root / months / "finops-cur-Manifest.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content | manifest))
        return path


def write_json_lines(path: Path, rows: list[dict[str, Any] | str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path
