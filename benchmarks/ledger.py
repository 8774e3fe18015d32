"""The ledger alone: from normalized charges to final amounts and hops, beside DuckDB copying the same charges.

The bill and the usage feeds of a finished run are multiplied inside a warehouse of their own: each copy has machines,
disks and workloads of its own, so pools, scopes and consumers grow with the bill. Then dbt builds the ledger's models
there, as a run does, without the run's other models. Both rows are whole processes.

Usage: python -m benchmarks.ledger HOME FOLDER [--lines N]
       python -m benchmarks.ledger copy WAREHOUSE OUT              (the floor)
       python -m benchmarks.ledger multiply HOME WAREHOUSE LINES   (what both read)
"""

import argparse
import json
import os
import sys
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Cost, measure
from finops_pipeline.resources.dbt import dbt_executable, parsed_target
from finops_pipeline.settings import DBT_PROJECT_DIR

CHARGES = "int_charges_attributed_to_owners"
WORKLOADS = 10_000
NOW = "2026-11-03T06:00:00Z"
_GIVEN = ("int_azure__exports_paired", "int_aws__split_usage")
_BUILT = (
    "stg_allocation_rules",
    "stg_datasets",
    "path:models/intermediate/allocate",
    "fct_cost_allocations",
    "fct_allocation_steps",
)
_NOT_BUILT = ("int_costs_reconciled_with_deliveries", "int_deliveries_with_totals")
_GOAL = "10 million lines in 60 CPU s and 2 GiB"
_MEMORY = "1GB"


def main() -> None:
    if len(sys.argv) == 4 and sys.argv[1] == "copy":
        _copy(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    if len(sys.argv) == 5 and sys.argv[1] == "multiply":
        multiply(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="FINOPS_HOME of a finished run")
    parser.add_argument("folder", type=Path, help="where the multiplied warehouse is kept")
    parser.add_argument("--lines", type=int, default=1_000_000)
    arguments = parser.parse_args()
    bench(arguments.home, arguments.folder, arguments.lines)


def bench(home: Path, folder: Path, lines: int) -> None:
    """Multiply the bill of a run to about so many lines, copy it, build its ledger, and print the costs."""
    folder.mkdir(parents=True, exist_ok=True)
    Console().print(f"[dim]multiply the bill to {lines:,} lines ...[/dim]")
    warehouse = folder / "warehouse.duckdb"
    # in a process of its own: the memory of what starts a process counts as that process's
    measure([sys.executable, "-m", "benchmarks.ledger", "multiply", str(home), str(warehouse), str(lines)])
    if not (folder / "landing").exists():
        (folder / "landing").symlink_to((home / "landing").resolve())
    target = parsed_target(folder / "dbt")
    copied = measure(
        [sys.executable, "-m", "benchmarks.ledger", "copy", str(warehouse), str(folder / "charges.parquet")]
    )
    ledger = measure(
        [
            *(dbt_executable(), "--no-use-colors", "run", "--threads", "1", "--select", *_BUILT),
            *("--exclude", *_NOT_BUILT, "--project-dir", str(DBT_PROJECT_DIR), "--profiles-dir", str(DBT_PROJECT_DIR)),
            *("--target-path", str(target), "--log-path", str(target)),
        ],
        {"FINOPS_HOME": str(folder), "FINOPS_NOW": NOW, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )
    console = Console()
    console.print(_table(copied, ledger, warehouse))
    for model, seconds in _slowest(target):
        console.print(f"  {seconds:6.1f} s wall  {model}")


def multiply(home: Path, warehouse: Path, lines: int) -> None:
    """Write the charges and feeds of a run so many times over as the lines ask for."""
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(warehouse, config={"memory_limit": "4GB", "preserve_insertion_order": False}) as connection:
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as run (read_only)")
        # views of the run name their tables without its catalog
        connection.execute("use run")
        tables = [name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()]
        copies = max(1, round(lines / _one(connection, f"select count(*) from {CHARGES}")))
        known = max(1, _one(connection, "select count(distinct workload) from stg_usage__gpu_hours"))
        suffix = f"'-' || hash(node, number) % {max(1, WORKLOADS // known)}"
        machine = "'-' || number"
        for name in (table for table in tables if table.startswith("stg_usage__") or table in (*_GIVEN, CHARGES)):
            columns = {row[0] for row in connection.execute(f"describe {name}").fetchall()}
            replaced = {
                "charge_id": f"charge_id || {machine}",
                "attached_machine": f"attached_machine || {machine}",
                **({"workload": f"workload || {suffix}"} if "node" in columns else {}),
                **({"node": f"node || {machine}", "node_pool": f"node_pool || {machine}"}),
                **(
                    {
                        column: f"case when is_cluster_machine then {column} || {machine} else {column} end"
                        for column in ("resource_id", "resource_name", "node_pool")
                    }
                    if name == CHARGES
                    else {}
                ),
            }
            chosen = ", ".join(f"{value} as {column}" for column, value in replaced.items() if column in columns)
            once = name not in (CHARGES, "stg_usage__gpu_hours", "stg_usage__compute_hours", "stg_usage__gpu_capacity")
            changed = f"replace ({chosen})" if chosen else ""
            connection.execute(
                f"create table warehouse.{name} as select * exclude (number) from (select * {changed} from {name}"
                f" cross join range({1 if once else copies}) as copies (number))"
            )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return connection.execute(query).fetchall()[0][0]


def _copy(warehouse: Path, out: Path) -> None:
    with duckdb.connect(warehouse, read_only=True, config={"memory_limit": _MEMORY}) as connection:
        connection.table(CHARGES).write_parquet(str(out), compression="zstd")


def _slowest(target: Path) -> list[tuple[str, float]]:
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    times = [(result["unique_id"].split(".")[-1], result["execution_time"]) for result in results]
    return sorted(times, key=lambda row: -row[1])[:12]


def _table(copied: Cost, ledger: Cost, warehouse: Path) -> Table:
    with duckdb.connect(warehouse, read_only=True) as connection:
        lines, pools, workloads, amounts = (
            _one(connection, f"select count({what}) from {table}")
            for what, table in (
                ("*", CHARGES),
                ("*", "int_pools"),
                ("distinct workload", "stg_usage__gpu_hours"),
                ("*", "fct_cost_allocations"),
            )
        )
    title = f"{lines:,} charges, {pools:,} pools, {workloads:,} workloads, {amounts:,} amounts, {os.cpu_count()} cores"
    table = Table(title=f"{title} (goal: {_GOAL})")
    for heading in ("what", "CPU s", "x copy", "wall s", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, cost in (("DuckDB copy of the charges to zstd Parquet", copied), ("finops builds the ledger", ledger)):
        ratio = f"{cost.cpu_seconds / copied.cpu_seconds:.2f}"
        table.add_row(what, f"{cost.cpu_seconds:.1f}", ratio, f"{cost.wall_seconds:.1f}", f"{cost.peak_mib:,.0f}")
    return table


if __name__ == "__main__":
    main()
