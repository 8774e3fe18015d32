"""The vendors of `provider: other` sources, as `finops.yaml` names them: the table that dbt reads.

A vendor's file may name no provider at all; its charges then go by this name.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from finops_pipeline.config import Config
from finops_pipeline.side_files.reading import write_side_table


def vendors_of(config: Config) -> dict[str, str]:
    """Source to vendor."""
    return {source.name: source.vendor for source in config.sources if source.vendor}


def write_vendor_table(vendors: Mapping[str, str], landing: Path) -> None:
    """Land the vendors as `rules/vendors.parquet`; the same vendors leave the same bytes."""
    write_side_table(
        landing / "rules" / "vendors.parquet",
        pa.schema([("source_name", pa.string()), ("vendor", pa.string())]),
        [{"source_name": source, "vendor": vendor} for source, vendor in sorted(vendors.items())],
    )
