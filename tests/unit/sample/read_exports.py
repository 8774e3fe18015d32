"""Read the sample's exports back with the standard library and pyarrow only: no code of the pipeline, no DuckDB."""

import csv
import gzip
import io
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

AWS_EXPORT = "aws/acme-billing/cur2/finops-cur2"
AZURE_CONTAINER = "azure/billing"


def decimal(value: float | str | None) -> Decimal:
    """A delivered amount: text as written, a double by its shortest text."""
    if value is None or value == "":
        return Decimal(0)
    return Decimal(value) if isinstance(value, str) else Decimal(repr(value))


def aws_manifest(directory: Path, period: str) -> dict[str, Any]:
    path = directory / AWS_EXPORT / "metadata" / f"BILLING_PERIOD={period}" / "finops-cur2-Manifest.json"
    return json.loads(path.read_text())


def aws_live_files(directory: Path, period: str) -> list[Path]:
    names = aws_manifest(directory, period)["dataFiles"]
    return [directory / "aws" / name.removeprefix("s3://") for name in names]


def aws_lines(files: list[Path], columns: list[str]) -> list[dict[str, Any]]:
    return [line for file in files for line in pq.ParquetFile(file).read(columns=columns).to_pylist()]


def aws_live_lines(directory: Path, period: str, columns: list[str]) -> list[dict[str, Any]]:
    return aws_lines(aws_live_files(directory, period), columns)


def aws_effective(line: dict[str, Any]) -> Decimal:
    match line["line_item_line_item_type"]:
        case "SavingsPlanCoveredUsage":
            return decimal(line["savings_plan_savings_plan_effective_cost"])
        case "SavingsPlanRecurringFee":
            return decimal(line["savings_plan_total_commitment_to_date"]) - decimal(
                line["savings_plan_used_commitment"]
            )
        case "SavingsPlanNegation":
            return Decimal(0)
        case _:
            return decimal(line["line_item_unblended_cost"])


def gcp_folder(directory: Path) -> Path:
    (folder,) = (directory / "gcp" / "billing").iterdir()
    return folder


def gcp_rows(directory: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for file in sorted(gcp_folder(directory).iterdir()):
        if file.suffix == ".parquet":
            rows += pq.ParquetFile(file).read().to_pylist()
        else:
            data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            rows += [json.loads(line) for line in data.decode().splitlines()]
    return rows


def gcp_net(row: dict[str, Any]) -> Decimal:
    return decimal(row["cost"]) + sum((decimal(credit["amount"]) for credit in row["credits"]), Decimal(0))


def azure_manifests(directory: Path, export: str) -> list[Path]:
    return sorted((directory / AZURE_CONTAINER / "exports" / export).glob("*/*/*/manifest.json"))


def azure_newest_manifests(directory: Path, export: str) -> dict[str, Path]:
    """The newest run of every month, by the month's folder."""
    return {path.parents[2].name: path for path in azure_manifests(directory, export)}


def azure_rows(manifest: Path) -> list[dict[str, str]]:
    container = manifest.parents[5]
    rows: list[dict[str, str]] = []
    for blob in json.loads(manifest.read_text())["blobs"]:
        text = gzip.decompress((container / blob["blobName"]).read_bytes()).decode("utf-8-sig")
        rows += csv.DictReader(io.StringIO(text))
    return rows


def totals(directory: Path, months: tuple[str, ...]) -> dict[tuple[str, str, str], Decimal]:
    """(source, period, cost basis) -> the total of the live deliveries, from the delivered amounts themselves."""
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    costs = ["line_item_line_item_type", "line_item_unblended_cost", "savings_plan_savings_plan_effective_cost"]
    costs += ["savings_plan_total_commitment_to_date", "savings_plan_used_commitment"]
    for month in months:
        for line in aws_live_lines(directory, month, costs):
            found["aws-payer", month, "billed"] += decimal(line["line_item_unblended_cost"])
            found["aws-payer", month, "effective"] += aws_effective(line)
        for export, basis in (("actual", "billed"), ("amortized", "effective")):
            for folder, manifest in azure_newest_manifests(directory, export).items():
                if folder.startswith(month.replace("-", "")):
                    found["azure-ea", month, basis] += sum(
                        (decimal(row["Cost"]) for row in azure_rows(manifest)), Decimal(0)
                    )
    for row in gcp_rows(directory):
        month = f"{row['invoice']['month'][:4]}-{row['invoice']['month'][4:]}"
        for basis in ("billed", "effective"):
            found["gcp-main", month, basis] += gcp_net(row)
    return dict(found)
