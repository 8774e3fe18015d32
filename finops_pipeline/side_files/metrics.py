"""Business metrics: `metrics.yaml` as a typed model, and the small tables that dbt reads it from.

A metric puts a selection of the ledger over the quantities of a `business_metric` feed. What it costs is SQL
(`dbt_project/models/.../fct_unit_costs.sql`); this module says what may be written, and lands it. Which dataset lies
where and how long it may stay is `datasets.py`.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field, model_validator

from finops_pipeline.side_files.faults import Currency, shaped
from finops_pipeline.side_files.reading import SideFileModel, load_side_file, write_side_table

SHIPPED_METRICS = Path(__file__).with_name("metrics.yaml")
"""The metrics that hold where the company wrote none."""

SELECTION_COLUMNS = (
    "cost_use",
    "team",
    "project",
    "environment",
    "model_name",
    "model_version",
    "workload",
    "workload_type",
    "dataset",
    "customer",
    "business_unit",
    "cost_center",
    "owner",
    "provider_name",
    "source_name",
    "service_category",
    "service_name",
    "cost_layer",
    "cluster",
    "bucket",
)
"""Columns of the ledger by which a metric may select its cost, `cost_use` first: see fct_cost_bridge_to_bill."""

_Values = Annotated[list[str], Field(min_length=1)]
_Name = Annotated[str, shaped(r"[a-z0-9_]+", "lower-case letters, digits and '_'")]
_Price = Annotated[str, shaped(r"\d+(\.\d{1,12})?", "a price in quotes, with at most twelve decimals: '0.25'")]


class Selection(SideFileModel):
    """The ledger rows a metric pays for: every column named must have one of its values. Nothing named: all of it."""

    cost_use: Annotated[list[Literal["inference", "training", "storage", "other", "idle", "unallocated"]] | None,
                        Field(min_length=1)] = None  # fmt: skip
    team: _Values | None = None
    project: _Values | None = None
    environment: _Values | None = None
    model_name: _Values | None = None
    model_version: _Values | None = None
    workload: _Values | None = None
    workload_type: _Values | None = None
    dataset: _Values | None = None
    customer: _Values | None = None
    business_unit: _Values | None = None
    cost_center: _Values | None = None
    owner: _Values | None = None
    provider_name: _Values | None = None
    source_name: _Values | None = None
    service_category: _Values | None = None
    service_name: _Values | None = None
    cost_layer: _Values | None = None
    cluster: _Values | None = None
    bucket: _Values | None = None


class Metric(SideFileModel):
    """One metric: which cost, on which basis, is spread how over the entities of which feed metric."""

    name: _Name
    quantity: _Name | None = None
    """The feed's `metric`; by default the name."""
    unit: str
    owner: str
    description: str
    cost: Selection = Selection()
    basis: Literal["effective", "fully_loaded", "billed", "list", "contracted"] = "effective"
    split: Literal[
        "quantity", "revenue", "evenly", "team", "project", "environment", "model_name", "workload", "dataset",
        "customer", "business_unit", "cost_center", "owner",
    ] = "quantity"  # fmt: skip
    """By the entities' quantity or revenue, evenly, or by the ledger's own column: its value is the entity."""

    @model_validator(mode="after")
    def _idle_counts_once(self) -> "Metric":
        if self.basis == "fully_loaded" and (self.cost.cost_use is None or "idle" in self.cost.cost_use):
            raise ValueError(
                "basis fully_loaded adds the idle capacity of the machines, so cost must name cost_use without idle"
            )
        return self


class Alternative(SideFileModel):
    """What a self-hosted model could be replaced with: an API whose cost the ledger knows, or a quoted price."""

    model: str
    api: str | None = None
    cost_per_1k_inferences: _Price | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _one_price(self) -> "Alternative":
        if (self.api is None) == (self.cost_per_1k_inferences is None):
            raise ValueError("needs either api (a managed model on the bill) or cost_per_1k_inferences with currency")
        if (self.cost_per_1k_inferences is None) != (self.currency is None):
            raise ValueError("cost_per_1k_inferences and currency belong together")
        return self


class Metrics(SideFileModel):
    """The whole of `metrics.yaml`."""

    version: Literal[1]
    metrics: tuple[Metric, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Metrics":
        for what, names in (
            ("metric", [metric.name for metric in self.metrics]),
            ("model", [alternative.model for alternative in self.alternatives]),
        ):
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(f"{what} {', '.join(map(repr, repeated))} is listed more than once; keep one")
        return self


def metrics_path(configuration: Path) -> Path:
    """The metrics of a configuration: `metrics.yaml` beside `finops.yaml`, else the shipped ones."""
    beside = configuration.parent / "metrics.yaml"
    return beside if beside.is_file() else SHIPPED_METRICS


def load_metrics(path: Path = SHIPPED_METRICS) -> Metrics:
    """Read and check a `metrics.yaml`.

    Raises:
        ConfigurationError: the file is missing or says something that is not allowed; the message names key and line.
    """
    return load_side_file(path, Metrics, lists=("metrics", "alternatives"))


def write_metric_tables(metrics: Metrics, landing: Path) -> None:
    """Land the metrics as `rules/{metrics,model_alternatives}.parquet`; the same metrics leave the same bytes."""
    texts = ("metric", "quantity", "unit", "owner", "description", "basis", "split")
    write_side_table(
        landing / "rules" / "metrics.parquet",
        pa.schema(
            [(name, pa.string()) for name in texts]
            + [(f"selected_{column}", pa.list_(pa.string())) for column in SELECTION_COLUMNS]
        ),
        [_metric_row(metric) for metric in metrics.metrics],
    )
    write_side_table(
        landing / "rules" / "model_alternatives.parquet",
        pa.schema(
            [
                ("model_name", pa.string()),
                ("api_model_name", pa.string()),
                ("cost_per_1k_inferences", pa.decimal128(38, 18)),
                ("billing_currency", pa.string()),
            ]
        ),
        [
            {
                "model_name": alternative.model,
                "api_model_name": alternative.api,
                "cost_per_1k_inferences": _decimal(alternative.cost_per_1k_inferences),
                "billing_currency": alternative.currency,
            }
            for alternative in metrics.alternatives
        ],
    )


def _metric_row(metric: Metric) -> dict[str, Any]:
    row = metric.model_dump(include={"unit", "owner", "description", "basis", "split"})
    selected = {f"selected_{column}": getattr(metric.cost, column) for column in SELECTION_COLUMNS}
    return {"metric": metric.name, "quantity": metric.quantity or metric.name, **row, **selected}


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
