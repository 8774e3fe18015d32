"""Write the sample company's directory: exports of three clouds, usage feeds, configuration and truth."""

import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.sample import (
    aws_cur2,
    aws_delivery,
    aws_services,
    azure_cost_details,
    azure_delivery,
    gcp_delivery,
    gcp_detailed,
    telemetry,
    truth,
)
from finops_pipeline.sample.company import AWS_SOURCE, AZURE_SOURCE, GCP_SOURCE, NAMED_BY_PREFIX, RETENTION_DAYS
from finops_pipeline.sample.files import count, quoted
from finops_pipeline.sample.governance import write_governance
from finops_pipeline.sample.plan import Scale, build_plan

DEFAULT_MONTHS = ("2026-09", "2026-10")
DEFAULT_SEED = 20260901
_MARK = "truth"  # what nobody but this call writes
FOLDERS = ("aws", "gcp", "azure", "usage", _MARK)
FILES = ("finops.yaml", "allocation.yaml", "budgets.yaml", "datasets.yaml", "metrics.yaml", "tag_policy.yaml")
_DEFAULT_VOLUMES = 48  # disks of each cloud when no row count is asked for


class SourceRows(NamedTuple):
    """What was written for one billing source: rows of its live deliveries, of superseded ones, and data files."""

    rows: int
    superseded_rows: int
    files: int


@dataclass(frozen=True)
class SampleSummary:
    """What `write_sample` wrote."""

    directory: Path
    months: tuple[str, ...]
    sources: dict[str, SourceRows]
    usage_rows: dict[str, int]
    seconds: float

    @property
    def rows(self) -> int:
        """Billing lines of the live deliveries; Azure's two exports count both."""
        return sum(source.rows for source in self.sources.values())


def write_sample(
    directory: Path,
    *,
    months: tuple[str, ...] = DEFAULT_MONTHS,
    rows: int | None = None,
    seed: int = DEFAULT_SEED,
    restated: bool = True,
) -> SampleSummary:
    """Write the sample company's exports, feeds, configuration and truth into `directory`.

    The same arguments give the same bytes, `finops.yaml` excepted, which names the directory. What an earlier call
    wrote there is replaced.

    Args:
        directory: created if missing.
        months: billing periods as YYYY-MM, consecutive, ascending.
        rows: billing lines wanted over the three clouds, within a few percent; None: the company as it is. A company
            cannot be smaller than its own lines.
        seed: changes every quantity that is not planned to the digit.
        restated: the first month is delivered a second time by AWS and Azure, with other amounts. False: only the
            first delivery of that month exists, and is the truth.

    Raises:
        ConfigurationError: months are missing, malformed or not consecutive, or rows is not positive; or the directory
            holds what would be replaced, and no earlier call wrote it.
    """
    _check(months, rows)
    started = time.perf_counter()
    directory = directory.absolute()
    _check_nothing_of_others(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for folder in FOLDERS:
        shutil.rmtree(directory / folder, ignore_errors=True)
    (directory / _MARK).mkdir()
    with duckdb.connect() as connection, tempfile.TemporaryDirectory(dir=directory) as scratch:
        connection.execute("set preserve_insertion_order = true; set enable_progress_bar = false")
        connection.execute(f"set temp_directory = {quoted(Path(scratch))}")
        build_plan(connection, months, Scale.for_rows(rows, len(months)), seed)
        _build_bills(connection, rows)
        telemetry.build_telemetry(connection)
        sources = {
            AWS_SOURCE: _write_aws(connection, directory, months, restated),
            GCP_SOURCE: SourceRows(*_insert_zero(gcp_delivery.write_table(connection, gcp_folder(directory)))),
            AZURE_SOURCE: _write_azure(connection, directory, months, restated, Path(scratch)),
        }
        usage = telemetry.write_telemetry(connection, directory / "usage")
        truth.write_truth(connection, directory / "truth", months, restated)
    _write_configuration(directory)
    write_governance(directory)
    return SampleSummary(
        directory=directory,
        months=months,
        sources=sources,
        usage_rows={kind: written for kind, (written, _) in usage.items()},
        seconds=time.perf_counter() - started,
    )


def aws_folder(directory: Path) -> Path:
    """The AWS export's own folder."""
    return directory / "aws" / aws_delivery.BUCKET / aws_delivery.EXPORT_KEY


def gcp_folder(directory: Path) -> Path:
    """The folder of the Google Cloud table's dumps."""
    return directory / "gcp" / "billing" / gcp_delivery.TABLE


def azure_folder(directory: Path, export: str) -> Path:
    """The folder of an Azure export: `actual` or `amortized`."""
    return directory / "azure" / azure_delivery.CONTAINER / azure_delivery.ROOT_FOLDER / export


def _check_nothing_of_others(directory: Path) -> None:
    found = [name for name in (*FOLDERS, *FILES) if (directory / name).exists()]
    if found and not (directory / _MARK).is_dir():
        raise ConfigurationError(
            f"{directory} holds {', '.join(found)}, which no sample company wrote: it would be replaced."
            " Name an empty or a new folder."
        )


def _check(months: tuple[str, ...], rows: int | None) -> None:
    if not months or any(not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month) for month in months):
        raise ConfigurationError(f"months are {', '.join(months) or 'missing'}; expected YYYY-MM, such as 2026-09")
    numbers = [int(month[:4]) * 12 + int(month[5:]) for month in months]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise ConfigurationError(f"months are {', '.join(months)}; expected consecutive months in ascending order")
    if rows is not None and rows <= 0:
        raise ConfigurationError(f"rows is {rows}; expected a positive number of billing lines")


def _build_bills(connection: duckdb.DuckDBPyConnection, rows: int | None) -> None:
    """All lines: first what the company needs, then disks up to the wanted number, then fees that follow cost."""
    aws_cur2.build_aws_lines(connection)
    aws_services.add_aws_buckets(connection)
    aws_services.add_aws_platform(connection)
    aws_services.add_aws_notebooks(connection)
    gcp_detailed.build_gcp_lines(connection)
    azure_cost_details.build_azure_lines(connection)
    volumes = _DEFAULT_VOLUMES
    if rows is not None:
        present = count(connection, "aws_lines") + count(connection, "gcp_lines") + 2 * count(connection, "azure_lines")
        # a disk is a line a day on AWS and Google, and two on Azure (actual and amortized)
        volumes = max(0, rows - present) // (4 * count(connection, "days"))
    aws_services.add_aws_volumes(connection, volumes)
    gcp_detailed.add_gcp_volumes(connection, volumes)
    azure_cost_details.add_azure_volumes(connection, volumes)
    aws_services.add_aws_fees(connection)
    gcp_detailed.add_gcp_fees(connection)
    azure_cost_details.add_azure_rounding(connection)


def _insert_zero(written: tuple[int, int]) -> tuple[int, int, int]:
    return written[0], 0, written[1]


def _write_aws(
    connection: duckdb.DuckDBPyConnection, directory: Path, months: tuple[str, ...], restated: bool
) -> SourceRows:
    live = superseded = files = 0
    for delivery in aws_delivery.deliveries(months, restated):
        rows, parts = aws_delivery.write_delivery(connection, aws_folder(directory), delivery)
        live, superseded = (live + rows, superseded) if delivery.is_live else (live, superseded + rows)
        files += parts
    return SourceRows(live, superseded, files)


def _write_azure(
    connection: duckdb.DuckDBPyConnection, directory: Path, months: tuple[str, ...], restated: bool, scratch: Path
) -> SourceRows:
    live = superseded = files = 0
    container = directory / "azure" / azure_delivery.CONTAINER
    for run in azure_delivery.runs(months, restated):
        for export in azure_delivery.EXPORT_TYPES:
            rows, parts = azure_delivery.write_run(connection, container, run, export, scratch)
            live, superseded = (live + rows, superseded) if run.is_live else (live, superseded + rows)
            files += parts
    return SourceRows(live, superseded, files)


def _write_configuration(directory: Path) -> None:
    root = directory.as_uri()
    feeds = "\n".join(
        f"  - name: {kind.replace('_', '-')}\n    kind: {kind}\n    uri: {root}/{telemetry.file_pattern(kind)}"
        for kind in telemetry.FEEDS
    )
    (directory / "finops.yaml").write_text(
        f"""# The sample company's configuration. Every uri is a folder here, laid out as the cloud delivers it.
version: 1
reporting_currency: USD
sources:
  - name: {AWS_SOURCE}
    provider: aws
    dataset: cur2
    uri: {aws_folder(directory).as_uri()}
  - name: {GCP_SOURCE}
    provider: gcp
    dataset: detailed
    uri: {gcp_folder(directory).as_uri()}
  - name: {AZURE_SOURCE}
    provider: azure
    dataset: cost_details
    uri: {azure_folder(directory, "actual").as_uri()}
    amortized_uri: {azure_folder(directory, "amortized").as_uri()}
usage:
{feeds}
""",
        encoding="utf-8",
    )
    (directory / "metrics.yaml").write_text(
        """# What the sample company's customers, users and documents cost.
version: 1
metrics:
  - name: prompts
    unit: prompt
    owner: assistant
    description: Cost of answering a customer's prompt, idle capacity of the machines included.
    cost: {cost_use: [inference], team: [assistant]}
    basis: fully_loaded
    split: quantity
  - name: active_users
    unit: active user
    owner: assistant
    description: Cost of the assistant for one active user of a product.
    cost: {cost_use: [inference, storage], team: [assistant]}
    split: quantity
  - name: documents
    unit: document
    owner: vision
    description: Cost of reading one document.
    cost: {cost_use: [inference], workload: [ocr-docs]}
    basis: fully_loaded
    split: revenue
alternatives:
  - {model: aurora-8b-chat, api: gpt-5-mini}
  - {model: vit-tagger, cost_per_1k_inferences: "0.05", currency: USD}
""",
        encoding="utf-8",
    )
    place = {NAMED_BY_PREFIX[1]: f"bucket: {NAMED_BY_PREFIX[0]}, prefix: {NAMED_BY_PREFIX[1]}/, "}
    datasets = "\n".join(
        f"  - {{dataset: {dataset}, {place.get(dataset, '')}owner: {owner}, retention_days: {days}}}"
        for dataset, owner, days in RETENTION_DAYS
    )
    (directory / "datasets.yaml").write_text(
        f"""# Where the sample company's datasets lie, and how long they may stay.
version: 1
datasets:
{datasets}
""",
        encoding="utf-8",
    )
    (directory / "allocation.yaml").write_text(
        """# Who pays for what in the sample company. What is left out follows the rules that ship with the pipeline.
version: 1
owner_tags:
  team: [team, squad, owner-team]
  project: [project, application]
  environment: [environment, env, stage]
rules:
  - {name: gpu-clusters, pool: gpu_cluster, driver: gpu_hours, basis: requested}
  - {name: shared-storage, pool: bucket, driver: storage_bytes}
  - {name: tagged-owners, pool: owner, driver: direct}
""",
        encoding="utf-8",
    )
