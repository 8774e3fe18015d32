"""The company's datasets: `datasets.yaml` as a typed model, and the table that dbt reads it from.

Where a dataset lies, who answers for it and how long it may stay. The file is optional: without it a storage feed must
name its datasets itself, and none has a retention.
"""

from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import Field, model_validator

from finops_pipeline.side_files.reading import SideFileModel, load_side_file, write_side_table


class Dataset(SideFileModel):
    """One place of a dataset. A dataset with several places has the longest of their retentions."""

    dataset: str
    bucket: str | None = None
    prefix: str | None = None
    """How the keys below it start, `raw/` say; none means the whole bucket. The longest prefix that fits decides."""
    owner: str | None = None
    """Who pays for bytes and requests that the feed gives to nobody."""
    retention_days: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _prefix_is_in_a_bucket(self) -> "Dataset":
        if self.prefix is not None and self.bucket is None:
            raise ValueError(f"prefix {self.prefix!r} needs the bucket it is in")
        return self


class DatasetCatalog(SideFileModel):
    """The whole of `datasets.yaml`."""

    version: Literal[1] = 1
    datasets: tuple[Dataset, ...] = ()

    @model_validator(mode="after")
    def _places_belong_to_one_dataset(self) -> "DatasetCatalog":
        places = [(entry.bucket.lower(), entry.prefix or "") for entry in self.datasets if entry.bucket]
        for bucket, prefix in places:
            if places.count((bucket, prefix)) > 1:
                raise ValueError(f"{bucket}/{prefix} is listed more than once; a place belongs to one dataset")
        return self


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
