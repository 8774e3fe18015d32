"""The usage feeds never claim more than the bills provide, and count what the bills count."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from read_exports import aws_live_lines, azure_newest_manifests, azure_rows, decimal, gcp_rows

MONTHS = ("2026-09", "2026-10")


def feed(directory: Path, kind: str) -> list[dict[str, Any]]:
    files = sorted((directory / "usage" / kind).iterdir())
    if files[0].suffix == ".parquet":
        return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    text = {name: pa.string() for name in files[0].read_text().split("\n", 1)[0].split(",")}
    options = arrow_csv.ConvertOptions(column_types=text, strings_can_be_null=True)
    return [row for file in files for row in arrow_csv.read_csv(file, convert_options=options).to_pylist()]


def gpu_hours_paid(directory: Path) -> dict[tuple[str, str], Decimal]:
    """(machine, scale set or cluster; day) -> GPU-hours on the bills."""
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    columns = ["line_item_resource_id", "line_item_usage_amount", "line_item_usage_start_date", "product"]
    columns += ["line_item_line_item_type", "resource_tags"]
    for month in MONTHS:
        for line in aws_live_lines(directory, month, columns):
            gpus = dict(line["product"]).get("gpu")
            if gpus and line["line_item_line_item_type"] in ("Usage", "SavingsPlanCoveredUsage"):
                cluster = dict(line["resource_tags"])["aws_eks_cluster_name"]
                place = cluster if cluster == "eks-lab-use1" else line["line_item_resource_id"]
                hours = decimal(gpus) * decimal(line["line_item_usage_amount"])
                paid[place, str(line["line_item_usage_start_date"].date())] += hours
    for row in gcp_rows(directory):
        if " GPU " in row["sku"]["description"]:
            hours = decimal(row["usage"]["amount_in_pricing_units"])
            paid[row["resource"]["name"], str(row["usage_start_time"])[:10]] += hours
    for manifest in azure_newest_manifests(directory, "amortized").values():
        for row in azure_rows(manifest):
            if row["ChargeType"] == "Usage" and row["ResourceName"].startswith(("aks-h100", "aks-a100")):
                month, day, year = row["Date"].split("/")
                gpus = 8 if "ND96isr" in row["AdditionalInfo"] else 1
                paid[row["ResourceName"], f"{year}-{month}-{day}"] += gpus * decimal(row["Quantity"])
    return paid


def test_gpu_hours_never_exceed_what_was_paid_for(directory: Path):
    paid = gpu_hours_paid(directory)
    held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in feed(directory, "gpu_hours"):
        place = row["node"] or row["node_pool"] or row["cluster"]
        held[place, row["usage_start"][:10]] += Decimal(row["gpu_hours_requested"])
        assert 0 < Decimal(row["gpu_hours_used"]) <= Decimal(row["gpu_hours_requested"])

    assert held.keys() == paid.keys()
    assert all(hours <= paid[place] for place, hours in held.items())
    assert sum(held.values()) < sum(paid.values())


def test_shares_of_a_machine_are_64ths_of_it(directory: Path):
    paid = gpu_hours_paid(directory)
    for row in feed(directory, "gpu_hours"):
        if row["node"]:
            shares = Decimal(row["gpu_hours_requested"]) / paid[row["node"], row["usage_start"][:10]] * 64
            assert shares == shares.to_integral_value()


def test_some_pods_ask_for_a_part_of_a_gpu(directory: Path):
    assert {row["gpu_fraction"] for row in feed(directory, "gpu_hours")} == {"1", "0.5", "0.25"}


def test_feeds_explain_the_stored_bytes_but_for_one_bucket(directory: Path):
    explained: dict[str, Decimal] = defaultdict(Decimal)
    for row in feed(directory, "storage_bytes"):
        if str(row["usage_date"]).startswith("2026-10"):
            explained[row["bucket"]] += row["byte_hours"]
    billed: dict[str, Decimal] = defaultdict(Decimal)
    columns = ["line_item_resource_id", "line_item_usage_amount", "line_item_usage_type"]
    for line in aws_live_lines(directory, "2026-10", columns):
        if (line["line_item_usage_type"] or "").startswith("TimedStorage-") and line["line_item_resource_id"]:
            billed[line["line_item_resource_id"]] += decimal(line["line_item_usage_amount"]) * 2**30 * 744
    for row in gcp_rows(directory):
        is_stored = row["service"]["description"] == "Cloud Storage" and row["usage"]["unit"] == "byte-seconds"
        if is_stored and str(row["usage_start_time"]).startswith("2026-10"):
            billed[row["resource"]["name"]] += decimal(row["usage"]["amount"]) / 3600

    unexplained = {bucket: hours - explained[bucket] for bucket, hours in billed.items()}
    assert unexplained.pop("acme-checkpoints") > 0
    assert set(unexplained.values()) == {Decimal(0)}


def test_tokens_in_the_feed_are_the_tokens_on_the_bills(directory: Path):
    counted = sum(row["input_tokens"] + row["output_tokens"] for row in feed(directory, "tokens"))
    billed = Decimal(0)
    units = {"1K tokens": 1000, "1M tokens": 1_000_000, "Units": 1_000_000}
    for month in MONTHS:
        for line in aws_live_lines(directory, month, ["pricing_unit", "line_item_usage_amount"]):
            billed += units.get(line["pricing_unit"], 0) * decimal(line["line_item_usage_amount"])
    for row in gcp_rows(directory):
        is_usage = row["service"]["description"] == "Vertex AI" and row["cost_type"] == "regular"
        if is_usage and not row.get("adjustment_info"):
            billed += decimal(row["usage"]["amount"])
    for manifest in azure_newest_manifests(directory, "actual").values():
        for row in azure_rows(manifest):
            if row["ConsumedService"] == "Microsoft.CognitiveServices":
                billed += {"1K": 1000, "1M": 1_000_000}[row["UnitOfMeasure"]] * decimal(row["Quantity"])

    assert counted == billed


def test_training_runs_hold_the_gpu_hours_of_their_pods(directory: Path):
    pods: dict[str, Decimal] = defaultdict(Decimal)
    for row in feed(directory, "gpu_hours"):
        if row["run_id"]:
            pods[row["run_id"]] += Decimal(row["gpu_hours_requested"])
    runs = feed(directory, "training_runs")

    assert {row["run_id"]: Decimal(row["gpu_hours"]) for row in runs} == pods
    assert {row["status"] for row in runs} == {"completed", "failed", "preempted", "early_stopped"}
    assert all(int(row["epochs"]) >= 1 for row in runs)
