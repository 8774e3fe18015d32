"""Normalization alone: CUR 2.0 lines mapped to FOCUS, beside DuckDB copying the same files and beside focus-converter.

The export is delivered as Parquet and landed first (a row of its own). What is then measured are whole processes: the
mapping's own SQL as dbt leaves it in the warehouse, from landed files to one zstd Parquet file; and dbt itself, from
landed files to the charges with services, meters and owners, in the warehouse. The copy reads the delivered files and
understands nothing.

Usage: python -m benchmarks.normalize [--rows N] [--keep FOLDER]
       python -m benchmarks.normalize copy|land|map EXPORT|HOME OUT   (what is measured)
"""

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks import peer_focus_converter
from benchmarks.cur_lines import write_cur_export
from benchmarks.measure import Cost, measure
from finops_pipeline.settings import DBT_PROJECT_DIR

MAPPING = "int_aws__charges_mapped_to_focus"
COMPLETE = "int_charges_attributed_to_owners"
_GOAL = 1.2
# What a run allows the engine (profiles.yml).
_MEMORY = "1GB"
_NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)


def main() -> None:
    if len(sys.argv) == 4 and sys.argv[1] in ("copy", "land", "map"):
        {"copy": _copy, "land": _land, "map": _map}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="CUR 2.0 lines")
    parser.add_argument("--keep", type=Path, help="keep the export and the results in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder:
        bench(arguments.keep or Path(folder), arguments.rows)


def bench(folder: Path, rows: int) -> None:
    """Write an export, land it, copy and normalize it in each way, and print the costs."""
    console = Console()
    console.print(f"[dim]CUR 2.0: write {rows:,} lines, copy, land, normalize ...[/dim]")
    export, lines = write_cur_export(folder, rows)
    home = folder / "home"
    costs = {
        "DuckDB copy to zstd Parquet": _measured("copy", export, folder / "copy.parquet"),
        "finops lands it (extraction)": _measured("land", export, home),
    }
    measure(_dbt(home, "run", "--select", f"+{MAPPING}"), _environment(home))  # views: no line is read
    costs["finops maps the lines to FOCUS"] = _measured("map", home, folder / "map.parquet")
    missing = peer_focus_converter.why_not()
    if not missing:
        peer_focus_converter.write_input(sorted(export.rglob("*.parquet")), folder / "peer.parquet")
        cost = peer_focus_converter.convert(folder / "peer.parquet", folder / "peer")
        costs[peer_focus_converter.version()] = cost
    build = _dbt(home, "build", "--select", f"+{COMPLETE}", "--exclude-resource-type", "test", "unit_test")
    costs["dbt: mapped, with services and owners"] = measure(build, _environment(home))
    console.print(_table(costs, lines))
    if missing:
        console.print(f"[yellow]No peer: {missing}.[/yellow]")


def _measured(verb: str, given: Path, out: Path) -> Cost:
    return measure([sys.executable, "-m", "benchmarks.normalize", verb, str(given), str(out)])


def _table(costs: dict[str, Cost], lines: int) -> Table:
    table = Table(title=f"{lines:,} lines of CUR 2.0, {os.cpu_count()} cores (goal: mapped at {_GOAL} x copy)")
    for heading in ("what", "CPU s", "x copy", "wall s", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    floor = next(iter(costs.values()))
    for title, cost in costs.items():
        ratio = f"{cost.cpu_seconds / floor.cpu_seconds:.2f}"
        table.add_row(title, f"{cost.cpu_seconds:.1f}", ratio, f"{cost.wall_seconds:.1f}", f"{cost.peak_mib:,.0f}")
    return table


def _dbt(home: Path, command: str, *arguments: str) -> list[str]:
    from finops_pipeline.resources.dbt import dbt_executable

    project = str(DBT_PROJECT_DIR)
    places = ("--project-dir", project, "--profiles-dir", project, "--target-path", str(home / "dbt"))
    return [dbt_executable(), "--quiet", command, *places, *arguments]


def _environment(home: Path) -> dict[str, str]:
    from finops_pipeline.resources.dbt import dbt_environment
    from finops_pipeline.settings import Settings

    return dbt_environment(Settings(home, home / "finops.yaml", _NOW, home / "dagster"))


def _copy(export: Path, out: Path) -> None:
    files = [str(path) for path in sorted((export / "data").rglob("*.parquet"))]
    with duckdb.connect(config={"memory_limit": _MEMORY}) as connection:
        connection.read_parquet(files, hive_partitioning=False).write_parquet(str(out), compression="zstd")


def _land(export: Path, home: Path) -> None:
    """The export, the other tables without rows, and the rules that normalization reads, as shipped."""
    from finops_pipeline.config import Config, Source
    from finops_pipeline.extract.deliveries import Window
    from finops_pipeline.extract.refresh import BILLING_TABLES, extract_table
    from finops_pipeline.rules import load_rules, write_rule_tables
    from finops_pipeline.settings import Settings
    from finops_pipeline.side_files.amortization import Amortization, write_prepayment_table
    from finops_pipeline.side_files.ownership import Ownership, write_ownership_table
    from finops_pipeline.side_files.vendors import write_vendor_table

    source = Source(name="payer", provider="aws", dataset="cur2", uri=f"file://{export}")
    config = Config(version=1, sources=(source,), path=home / "finops.yaml")
    settings = Settings(home, home / "finops.yaml", _NOW, home / "dagster")
    for table in BILLING_TABLES:
        result = extract_table(table, config, settings, Window(None, None, _NOW), print)
        assert not result.failures, result.failures
    write_rule_tables(load_rules(), settings.landing)
    write_prepayment_table(Amortization(), settings.landing)
    write_ownership_table(Ownership(), settings.landing)
    write_vendor_table({}, settings.landing)


def _map(home: Path, out: Path) -> None:
    warehouse = home / "warehouse.duckdb"
    with duckdb.connect(warehouse, read_only=True, config={"memory_limit": _MEMORY}) as connection:
        connection.table(MAPPING).write_parquet(str(out), compression="zstd")


if __name__ == "__main__":
    main()
