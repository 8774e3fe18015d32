"""Writing one version: every mart as Parquet in the order of its key (the bill by
month, day and pool first), one `marts.duckdb`, and `manifest.json`.

The Parquet files are byte-identical for the same input (`fct_check_results` and `fct_deliveries` carry run facts).
Where versions stand and how the link moves is `versions.py`.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from finops_pipeline.checks.results import history_query
from finops_pipeline.focus import DATA_TABLE, data_table_query
from finops_pipeline.publish.tables import MartTable

STORAGE_VERSION = "v1.0.0"
"""DuckDB's oldest stable file format: a file of the newest one cannot be opened by BI tools with an older engine."""

CHECK_RESULTS = "fct_check_results"
_CHECK_RESULTS_KEY = ("run_id", "check_name", "subject")

# Enough for every sort seen to stay in memory up to millions of rows; beyond it DuckDB spills into the home folder.
_MEMORY_LIMIT = "2GB"
FOCUS_TABLE = "focus_cost_and_usage"
_ROW_GROUP_ROWS = 122_880


@dataclass(frozen=True)
class PublishedTable:
    """One table of a version: its rows and the SHA-256 of its Parquet file."""

    rows: int
    sha256: str


def write_tables(
    building: Path, warehouse: Path, marts: Iterable[MartTable], check_results: Path, *, threads: int | None = None
) -> dict[str, PublishedTable]:
    """Write `<table>.parquet` for every mart and for the history of checks.

    Args:
        building: the empty folder of the version.
        warehouse: the working DuckDB file; opened read-only and closed again.
        marts: what to write, and in which order of rows.
        check_results: the folder with the recorded check results.
        threads: of the engine; the files do not depend on it.
    """
    spill = building.parent / f"{building.name}.spill"
    connection = duckdb.connect(
        warehouse, read_only=True, config={"memory_limit": _MEMORY_LIMIT, "temp_directory": str(spill)}
    )
    try:
        if threads:
            connection.execute(f"set threads = {threads}")
        connection.execute("set TimeZone = 'UTC'")
        sources = {mart.name: (f"select * from {mart.relation}", mart.key) for mart in marts}
        sources[CHECK_RESULTS] = (history_query(check_results), _CHECK_RESULTS_KEY)
        return {name: _write_parquet(connection, building, name, *sources[name]) for name in sorted(sources)}
    finally:
        connection.close()


def write_database(building: Path, tables: Iterable[str]) -> Path:
    """Write `marts.duckdb` with the tables of the Parquet files beside it: copies, so that no path is inside.

    The bill is there a second time as a view, for queries of FOCUS 1.0 to 1.2.
    """
    tables = sorted(tables)
    database = building / "marts.duckdb"
    spill = building.parent / f"{building.name}.spill"
    with duckdb.connect(config={"memory_limit": _MEMORY_LIMIT, "temp_directory": str(spill)}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {_quoted(database)} as published (storage_version '{STORAGE_VERSION}')")
        for name in tables:
            source = _quoted(building / f"{name}.parquet")
            connection.execute(f'create table published."{name}" as select * from read_parquet({source})')
        if FOCUS_TABLE in tables:
            # Unqualified, so that the view finds its table under whatever name the file is opened.
            connection.execute("use published")
            connection.execute(f"create view {DATA_TABLE} as {data_table_query(FOCUS_TABLE)}")
            connection.execute("use memory")
        connection.execute("checkpoint published")
        connection.execute("detach published")
    return database


def write_manifest(
    building: Path, database: Path, tables: Mapping[str, PublishedTable], facts: Mapping[str, Any]
) -> Path:
    """Write `manifest.json`: the run's facts, then rows and checksums of every file of the version."""
    manifest = building / "manifest.json"
    content = {
        **facts,
        "tables": {name: {"rows": table.rows, "file": f"{name}.parquet"} for name, table in sorted(tables.items())},
        "sha256": {
            **{f"{name}.parquet": table.sha256 for name, table in sorted(tables.items())},
            database.name: _sha256(database),
        },
    }
    manifest.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
    return manifest


def totals_by_currency(building: Path) -> list[dict[str, str]]:
    """What the published bill sums to, per currency, as exact text."""
    source = _quoted(building / "fct_cost_allocations.parquet")
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            select billing_currency, sum(allocated_billed_cost), sum(allocated_effective_cost)
            from read_parquet({source})
            group by all
            order by all
            """
        ).fetchall()
    return [
        {"billing_currency": currency, "billed_cost": str(billed), "effective_cost": str(effective)}
        for currency, billed, effective in rows
    ]


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, building: Path, name: str, query: str, key: tuple[str, ...]
) -> PublishedTable:
    path = building / f"{name}.parquet"
    order = ", ".join(f'"{column}"' for column in key)
    written = connection.execute(
        f"""
        copy (select * from ({query}) order by {order})
        to {_quoted(path)} (format parquet, compression zstd, row_group_size {_ROW_GROUP_ROWS})
        """
    ).fetchone()
    return PublishedTable(rows=written[0] if written else 0, sha256=_sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _quoted(path: Path) -> str:
    return "'" + os.fspath(path).replace("'", "''") + "'"
