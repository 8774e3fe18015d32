"""What publishing costs: a bill of many months the first time and on two mornings more, beside one of few months.

A warehouse is made of the marts of a finished run: the rows of its newest month, many times over and month after month.
On the next morning all rows of the newest month are others, as a bill that is delivered again; on the third the file of
the version that leaves is continued, where the second copied the one before. Each figure is a whole process; a month
has the same rows whatever stands before it.

Usage: python -m benchmarks.publishing HOME FOLDER [--months N] [--rows LINES_PER_MONTH]
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.history import NEWEST, months_up_to
from benchmarks.measure import Cost, measure
from finops_pipeline.publish.engine import FOCUS_TABLE, open_engine
from finops_pipeline.publish.tables import MartTable, mart_tables
from finops_pipeline.resources.dbt import current_manifest

_GOAL = 1.1
_LEDGER = ("fct_allocation_steps", "fct_cost_allocations", "focus_allocated")
_LEDGER_SHARE = 14
"""Billed lines for each amount of the ledger, as in the ledger's month of 10 million lines."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="FINOPS_HOME of a finished run, for its marts")
    parser.add_argument("folder", type=Path, help="where warehouses and versions are kept")
    parser.add_argument("--months", type=int, default=36, help="closed months before the newest")
    parser.add_argument("--rows", type=int, default=20_000, help="billing lines a month")
    arguments = parser.parse_args()
    bench(arguments.home, arguments.folder, arguments.rows, arguments.months)


def bench(home: Path, folder: Path, rows_a_month: int, months: int = 36) -> None:
    """Publish after one closed month and after many, the first time and on two mornings more; print the costs."""
    console = Console()
    costs: dict[int, list[Cost]] = {}
    for history in (1, months):
        console.print(f"[dim]write {history + 1} months of {rows_a_month:,} lines ...[/dim]")
        here = folder / str(history)
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir(parents=True)
        _write_months(home, here / "warehouse.duckdb", rows_a_month, history)
        costs[history] = [_measured(here)]
        for _ in range(2):
            _deliver_newest_again(here / "warehouse.duckdb")
            costs[history].append(_measured(here))
    console.print(_table(costs, rows_a_month))


def _measured(folder: Path) -> Cost:
    manifest = str(current_manifest())
    return measure([sys.executable, "-m", "benchmarks.publish_once", str(folder), manifest])


def _marts() -> list[MartTable]:
    return mart_tables(current_manifest())


def _write_months(home: Path, warehouse: Path, rows_a_month: int, history: int) -> None:
    with open_engine(warehouse.parent / "made", warehouse, name="warehouse") as connection:
        connection.execute(f"attach '{home / 'marts' / 'current' / 'marts.duckdb'}' as published (read_only)")
        for mart in _marts():
            _write_mart(connection, mart, rows_a_month, history)
        connection.execute("create table int_month_inputs (input varchar, digest varchar, months varchar[])")
        connection.execute("create table fct_prepayment_balances as select * from published.fct_prepayment_balances")
        connection.execute(
            f"""
            create table int_charge_totals_by_day as
            select "x_BillingPeriod" as billing_period, "x_ChargeDate" as charge_date, count(*) as charges,
                sum("BilledCost") as billed_cost, sum("EffectiveCost") as effective_cost
            from {FOCUS_TABLE}
            group by all
            """
        )
        connection.execute(
            f"""
            create table int_charges_matched_to_rules as
            select distinct "x_BillingPeriod" as billing_period, "x_PoolId" as alike_id, "x_PoolId" as pool_id
            from {FOCUS_TABLE}
            """
        )
        connection.execute(
            """
            create table months_mapped as
            select 'all' as source_name, billing_period, 'first delivery' as made_from
            from int_charge_totals_by_day group by all
            """
        )
        connection.execute("detach published")


def _write_mart(connection: duckdb.DuckDBPyConnection, mart: MartTable, rows_a_month: int, history: int) -> None:
    columns = {name: kind for name, kind, *_ in connection.execute(f"describe published.{mart.name}").fetchall()}
    source = f"select * from published.{mart.name}"
    if mart.month is None:
        if mart.name != "fct_prepayment_balances":
            connection.execute(f"create table {mart.name} as {source}")
        return
    if mart.name == "fct_prepayment_balances":
        return
    month = f'"{mart.month}"' if columns[mart.month] == "VARCHAR" else f"strftime(\"{mart.month}\", '%Y-%m')"
    connection.execute(
        f"create or replace temp table newest as {source} where {month} = (select max({month}) from ({source}))"
    )
    ((found,),) = connection.execute("select count(*) from newest").fetchall()
    of_ledger = rows_a_month // _LEDGER_SHARE if mart.name in _LEDGER else found
    wanted = rows_a_month if mart.name == FOCUS_TABLE else of_ledger
    copies = max(1, -(-wanted // max(found, 1)))
    connection.execute(f"create table {mart.name} as {source} limit 0")
    for back, name in enumerate(reversed(months_up_to(NEWEST, history + 1))):
        facts = ", ".join(_moved(column, kind, mart, back, name) for column, kind in columns.items())
        connection.execute(
            f"insert into {mart.name} select {facts} from newest, range({copies}) as copies (copy) limit {wanted}"
        )


def _moved(column: str, kind: str, mart: MartTable, back: int, month: str) -> str:
    """A column of a row that is copied: its day moved to the month, its own id made another."""
    if column == mart.month and kind == "VARCHAR":
        return f"'{month}'"
    if kind in ("DATE", "TIMESTAMP"):
        return f'cast("{column}" - interval {back} month as {kind})'
    if column in ("x_ChargeId", "allocation_id", "x_AllocationId"):
        return f"\"{column}\" || '/{month}/' || copy"
    return f'"{column}"'


def _deliver_newest_again(warehouse: Path) -> None:
    newest = f"{NEWEST:%Y-%m}"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            f"update months_mapped set made_from = made_from || ', again' where billing_period = '{newest}'"
        )
        connection.execute(
            f'create temp table again as select * replace ("x_ChargeId" || \'/again\' as "x_ChargeId")'
            f" from {FOCUS_TABLE} where \"x_BillingPeriod\" = '{newest}'"
        )
        connection.execute(f"delete from {FOCUS_TABLE} where \"x_BillingPeriod\" = '{newest}'")
        connection.execute(f"insert into {FOCUS_TABLE} select * from again")
        for name in ("fct_allocation_steps", "fct_cost_allocations"):
            connection.execute(
                f"update {name} set driver_total = coalesce(driver_total, 0) + 1 where billing_period = '{newest}'"
            )
        connection.execute(
            f'update focus_allocated set "x_AllocationId" = "x_AllocationId" || \'again\''
            f" where \"BillingPeriodStart\" = date '{NEWEST}'"
        )


def _table(costs: dict[int, list[Cost]], rows_a_month: int) -> Table:
    table = Table(title=f"Publishing, {rows_a_month:,} lines a month, {os.cpu_count()} cores (goal: {_GOAL} x)")
    for heading in ("run", "closed months", "CPU s", "x one month", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "run" else "right")
    for run, name in enumerate(("first", "next morning", "third morning")):
        one = costs[min(costs)][run].cpu_seconds
        for history, runs in costs.items():
            cpu, peak = runs[run].cpu_seconds, runs[run].peak_mib
            table.add_row(name, str(history), f"{cpu:.1f}", f"{cpu / one:.2f}", f"{peak:,.0f}")
    return table


if __name__ == "__main__":
    main()
