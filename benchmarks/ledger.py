"""The ledger alone: from normalized charges to final amounts and hops, beside DuckDB copying the same charges.

A month's bill and its usage feeds (`ledger_meters` says of what) are written into a warehouse; then dbt builds the
ledger's models there, as a run does, without the run's other models. The way back from an amount to its lines is a
view: what it costs is measured as publishing pays it, every charge beside its pool written to Parquet. `finops explain`
is measured on what is published of that ledger. Each row is a whole process.

Usage: python -m benchmarks.ledger HOME FOLDER [--lines N] [--explain]
       python -m benchmarks.ledger publish FOLDER
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks import explain
from benchmarks.ledger_month import CHARGES, RULES
from benchmarks.measure import Cost, measure
from finops_pipeline.publish.database import write_database
from finops_pipeline.publish.marts import write_tables
from finops_pipeline.publish.tables import mart_tables
from finops_pipeline.resources.dbt import dbt_executable, parsed_target
from finops_pipeline.rules import load_rules, write_rule_tables
from finops_pipeline.settings import DBT_PROJECT_DIR

NOW = "2026-11-03T06:00:00Z"
_PUBLISHED = ("fct_cost_allocations", "fct_allocation_steps", "focus_cost_and_usage")
BUILT = ("stg_allocation_rules", "stg_datasets", "stg_deliveries", "path:models/intermediate/allocate", *_PUBLISHED)
NOT_BUILT = ("int_costs_reconciled_with_deliveries", "int_deliveries_with_totals")
_GOAL = "10 million lines and 10,000 workloads in 60 CPU s and 2 GiB"


def main() -> None:
    if sys.argv[1:2] == ["publish"]:
        _publish(Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="FINOPS_HOME of a finished run, for its tables' columns")
    parser.add_argument("folder", type=Path, help="where the warehouse is kept")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--explain", action="store_true", help="publish the ledger and measure `finops explain` on it")
    arguments = parser.parse_args()
    bench(arguments.home, arguments.folder, arguments.lines, explained=arguments.explain)


def bench(home: Path, folder: Path, lines: int, *, explained: bool = True) -> None:
    """Write a month of about so many lines, copy it, build its ledger, explain its amounts, and print the costs."""
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    console.print(f"[dim]write a month of {lines:,} lines ...[/dim]")
    warehouse = folder / "warehouse.duckdb"
    # in processes of their own: the memory of what starts a process counts as that process's
    _month("write", home / "warehouse.duckdb", warehouse, lines)
    _land_rules(home, folder)
    target = parsed_target(folder / "dbt")
    costs = {
        "DuckDB copy of the charges to zstd Parquet": _month("copy", warehouse, folder / "charges.parquet"),
        "finops builds the ledger, dbt included": measure(
            [
                *(dbt_executable(), "--no-use-colors", "run", "--threads", "1", "--select", *BUILT),
                *("--exclude", *NOT_BUILT, "--profiles-dir", str(DBT_PROJECT_DIR)),
                *("--project-dir", str(DBT_PROJECT_DIR), "--target-path", str(target), "--log-path", str(target)),
            ],
            {"FINOPS_HOME": str(folder), "FINOPS_NOW": NOW, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        ),
        "the pool of every charge, to Parquet": _month("way_back", warehouse, folder / "way_back.parquet"),
    }
    console.print(_table(costs, warehouse))
    for model, seconds in _slowest(target):
        console.print(f"  {seconds:6.1f} s wall  {model}")
    if explained:
        published = measure([sys.executable, "-m", "benchmarks.ledger", "publish", str(folder)])
        console.print(f"published in {published.cpu_seconds:.0f} CPU s, {published.peak_mib:,.0f} MiB")
        explain.bench(folder)


def _month(*arguments: object) -> Cost:
    return measure([sys.executable, "-m", "benchmarks.ledger_month", *map(str, arguments)])


def _land_rules(home: Path, folder: Path) -> None:
    """The landing zone of a finished run under the rules of the month."""
    landing = folder / "landing"
    shutil.rmtree(landing, ignore_errors=True)
    landing.mkdir()
    for landed in (home / "landing").resolve().iterdir():
        if landed.name != "rules":
            (landing / landed.name).symlink_to(landed)
    shutil.copytree(home / "landing" / "rules", landing / "rules")
    rules = folder / "allocation.yaml"
    rules.write_text(RULES, encoding="utf-8")
    write_rule_tables(load_rules(rules), landing)


def _publish(folder: Path) -> None:
    marts = [mart for mart in mart_tables(folder / "dbt" / "manifest.json") if mart.name in _PUBLISHED]
    version = folder / "marts" / "v1"
    for before in ("marts", "parts"):
        shutil.rmtree(folder / before, ignore_errors=True)
    version.mkdir(parents=True)
    tables = write_tables(version, folder / "warehouse.duckdb", marts, folder / "no-checks", folder / "parts")
    write_database(version, tables)
    (folder / "marts" / "current").symlink_to(version.name)


def _slowest(target: Path) -> list[tuple[str, float]]:
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    times = [(result["unique_id"].split(".")[-1], result["execution_time"]) for result in results]
    return sorted(times, key=lambda row: -row[1])[:12]


def _table(costs: dict[str, Cost], warehouse: Path) -> Table:
    counted = {
        "charges": f"select count(*) from {CHARGES}",
        "workloads": "select count(distinct workload) from stg_usage__gpu_hours",
        "rows of telemetry": "select count(*) from stg_usage__gpu_hours",
        "pools": "select count(*) from int_pools",
        "consumers": "select count(distinct consumer_key) from int_allocation_steps",
        "amounts": "select count(*) from int_allocation_steps where is_final",
        "hops": "select count(*) from int_allocation_steps",
    }
    with duckdb.connect(warehouse, read_only=True) as connection:
        sizes = [f"{connection.execute(query).fetchall()[0][0]:,} {what}" for what, query in counted.items()]
        steps = connection.execute("select distinct step from int_allocation_steps order by 1").fetchall()
    Console().print(f"{', '.join(sizes)}; steps {', '.join(step for (step,) in steps)}; {os.cpu_count()} cores")
    table = Table(title=f"goal: {_GOAL}")
    for heading in ("what", "CPU s", "x copy", "wall s", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    copied = next(iter(costs.values()))
    for what, cost in costs.items():
        ratio = f"{cost.cpu_seconds / copied.cpu_seconds:.2f}"
        table.add_row(what, f"{cost.cpu_seconds:.1f}", ratio, f"{cost.wall_seconds:.1f}", f"{cost.peak_mib:,.0f}")
    return table


if __name__ == "__main__":
    main()
