"""Writing one version: every mart as Parquet in the order of its key (large ones month by month), one
`marts.duckdb` (`database.py`), and `manifest.json`.

The Parquet files are byte-identical for the same input (`fct_check_results` and `fct_deliveries` carry run facts).
Where versions stand and how the link moves is `versions.py`.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from finops_pipeline.checks.results import history_query
from finops_pipeline.publish.bill_months import months_of_the_bill
from finops_pipeline.publish.by_month import write_by_month
from finops_pipeline.publish.database import facts_of_database, sha256_of
from finops_pipeline.publish.engine import FOCUS_TABLE, open_engine, quoted, write_parquet
from finops_pipeline.publish.months import WHOLE_UP_TO_ROWS, Month, MonthlyMart
from finops_pipeline.publish.parts import KeptMonths
from finops_pipeline.publish.tables import MartTable, PublishedTable

CHECK_RESULTS = "fct_check_results"
CHECK_RESULTS_KEY = ("run_id", "check_name", "subject")


def write_tables(
    building: Path,
    warehouse: Path,
    marts: Iterable[MartTable],
    check_results: Path,
    parts: Path,
    *,
    made_with: Mapping[str, str] | None = None,
    rebuild: bool = False,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, PublishedTable]:
    """Write `<table>.parquet` for every mart and for the history of checks.

    Args:
        building: the empty folder of the version.
        warehouse: the working DuckDB file; opened read-only and closed again.
        marts: what to write, and in which order of rows.
        check_results: the folder with the recorded check results.
        parts: the folder that keeps the months of large marts from one run to the next.
        made_with: the parts of the fingerprint that the warehouse was built from; None if nobody knows.
        rebuild: write every month anew, whatever is kept.
        threads: of the engine; the files do not depend on it.
        tell: hears what was written.
    """
    marts = list(marts)
    written = {}
    with open_engine(building, warehouse, "read_only", name="warehouse", threads=threads) as connection:
        for mart in sorted(marts, key=lambda mart: mart.name):
            kept = KeptMonths(parts / mart.name, ignored=rebuild)
            months = months_of_the_bill(connection, made_with) if made_with and mart.name == FOCUS_TABLE else None
            written[mart.name] = _write_mart(connection, building, mart, months, kept, tell)
        query = history_query(check_results)
        rows = write_parquet(connection, building / f"{CHECK_RESULTS}.parquet", query, CHECK_RESULTS_KEY)
        written[CHECK_RESULTS] = PublishedTable(rows, sha256_of(building / f"{CHECK_RESULTS}.parquet"))
    for folder in parts.glob("*/"):
        if folder.name not in written:
            shutil.rmtree(folder)
    return dict(sorted(written.items()))


def write_manifest(
    building: Path,
    database: Path,
    tables: Mapping[str, PublishedTable],
    facts: Mapping[str, Any],
    *,
    repeated: Mapping[str, Any] | None = None,
) -> Path:
    """Write `manifest.json`: the run's facts, then rows and checksums of every file of the version.

    Of a table that was written by month it also tells the digest of each: what the next version takes over.

    Args:
        building: the folder of the version, with its files.
        database: its `marts.duckdb`.
        tables: what was written, by name.
        facts: what is told of the run.
        repeated: the manifest of the version that this one repeats, but for some tables and facts.
    """
    manifest = building / "manifest.json"
    content = {
        **(repeated or {}),
        **facts,
        "database": facts_of_database(database),
        "tables": {name: _told(name, table, repeated) for name, table in sorted(tables.items())},
        "sha256": {
            **{f"{name}.parquet": table.sha256 for name, table in sorted(tables.items())},
            database.name: sha256_of(database),
        },
    }
    manifest.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
    return manifest


def _told(name: str, table: PublishedTable, repeated: Mapping[str, Any] | None) -> dict[str, Any]:
    file = f"{name}.parquet"
    if repeated and repeated["sha256"].get(file) == table.sha256:
        return repeated["tables"][name]
    months = {"months": table.months.digests} if table.months else {}
    return {"rows": table.rows, "file": file, **months}


def totals_by_currency(building: Path) -> list[dict[str, str]]:
    """What the published bill sums to, per currency, as exact text."""
    source = quoted(building / "fct_cost_allocations.parquet")
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


def _write_mart(
    connection: duckdb.DuckDBPyConnection,
    building: Path,
    mart: MartTable,
    known: list[Month] | None,
    kept: KeptMonths,
    tell: Callable[[str], None],
) -> PublishedTable:
    path = building / f"{mart.name}.parquet"
    if mart.month is not None:
        monthly = MonthlyMart(connection, mart)
        months = monthly.months() if known is None else known
        if sum(month.rows for month in months) > WHOLE_UP_TO_ROWS:
            return write_by_month(monthly, months, kept, path, tell)
    kept.keep_only([])
    rows = write_parquet(connection, path, f"select * from {mart.relation}", mart.key)
    return PublishedTable(rows, sha256_of(path))
