"""The company's datasets: `datasets.yaml` as a typed model, and the table that dbt reads it from.

Where a dataset lies, who answers for it and how long it may stay. The file is optional: without it no dataset has a
retention.
"""

from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from finops_pipeline.side_tables import load_side_file, write_side_table


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Dataset(_Model):
    """One place of a dataset. A dataset with several places has the longest of their retentions."""

    dataset: str
    bucket: str | None = None
    prefix: str | None = None
    owner: str | None = None
    retention_days: Annotated[int, Field(gt=0)] | None = None


class DatasetCatalog(_Model):
    """The whole of `datasets.yaml`."""

    version: Literal[1] = 1
    datasets: tuple[Dataset, ...] = ()


def load_dataset_catalog(configuration: Path) -> DatasetCatalog:
    """The `datasets.yaml` beside a `finops.yaml`; an empty catalog where there is none.

    Raises:
        ConfigurationError: the file says something that is not allowed; the message names key and line.
    """
    beside = configuration.parent / "datasets.yaml"
    return load_side_file(beside, DatasetCatalog, lists=("datasets",)) if beside.is_file() else DatasetCatalog()


def write_dataset_table(catalog: DatasetCatalog, landing: Path) -> None:
    """Land the catalog as `rules/datasets.parquet`; the same catalog leaves the same bytes."""
    texts = ("dataset", "bucket", "prefix", "owner")
    write_side_table(
        landing / "rules" / "datasets.parquet",
        pa.schema([*((name, pa.string()) for name in texts), ("retention_days", pa.int32())]),
        [dataset.model_dump() for dataset in catalog.datasets],
    )
