"""Normalization alone: the CUR 2.0 lines of a run mapped to FOCUS, beside DuckDB copying the same files.

What is measured is the mapping's own SQL as dbt has left it in the warehouse: landed files in, one zstd Parquet file
out. The copy reads the delivered files and understands nothing. Both are whole processes.

Usage: python -m benchmarks.normalize copy|map INPUT OUT
"""

import os
import sys
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.company import billing_files
from benchmarks.measure import Cost, measure

MAPPING = "int_aws__charges_mapped_to_focus"
_GOAL = 1.2
_MEMORY = "1GB"


def main() -> None:
    if len(sys.argv) != 4 or sys.argv[1] not in ("copy", "map"):
        sys.exit(__doc__)
    (_copy if sys.argv[1] == "copy" else _map)(Path(sys.argv[2]), Path(sys.argv[3]))


def bench(company: Path, home: Path, folder: Path) -> None:
    """Copy and map the bill of AWS that `finops run` has landed in `home`, and print the costs."""
    folder.mkdir(parents=True, exist_ok=True)
    costs: dict[str, Cost] = {}
    for title, verb, given in (
        ("DuckDB copy to zstd Parquet", "copy", company),
        ("finops maps the lines to FOCUS", "map", home),
    ):
        command = [sys.executable, "-m", "benchmarks.normalize", verb, str(given), str(folder / f"{verb}.parquet")]
        costs[title] = measure(command)
    with duckdb.connect() as connection:
        found = connection.execute(f"select count(*) from read_parquet('{folder / 'map.parquet'}')").fetchone()
    Console().print(_table(costs, found[0] if found else 0))


def _table(costs: dict[str, Cost], charges: int) -> Table:
    table = Table(title=f"{charges:,} charges of CUR 2.0, {os.cpu_count()} cores (goal: {_GOAL} x copy)")
    for heading in ("what", "CPU s", "x copy", "wall s", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    floor = next(iter(costs.values()))
    for title, cost in costs.items():
        ratio = f"{cost.cpu_seconds / floor.cpu_seconds:.2f}"
        table.add_row(title, f"{cost.cpu_seconds:.1f}", ratio, f"{cost.wall_seconds:.1f}", f"{cost.peak_mib:,.0f}")
    return table


def _copy(company: Path, out: Path) -> None:
    files = [str(path) for path in billing_files(company)["aws"]]
    with duckdb.connect(config={"memory_limit": _MEMORY}) as connection:
        connection.read_parquet(files, hive_partitioning=False).write_parquet(str(out), compression="zstd")


def _map(home: Path, out: Path) -> None:
    warehouse = home / "warehouse.duckdb"
    with duckdb.connect(warehouse, read_only=True, config={"memory_limit": _MEMORY}) as connection:
        connection.table(MAPPING).write_parquet(str(out), compression="zstd")


if __name__ == "__main__":
    main()
