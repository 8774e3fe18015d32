"""The exact split beside the naive one: the same pools, weights and four measures, the parts written to disk.

The naive split multiplies each pool's cost, as floating point, by the weight's share of the total: what a script does
first. Its parts do not sum to their pools. The exact one is the text of `macros/split_exactly.sql`; that every pool of
it sums in every measure is checked here as well. Both are whole processes over the same tables.

Usage: python -m benchmarks.split [--parts N] [--pools N]
       python -m benchmarks.split exact|naive INPUT OUT   (what is measured)
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Cost, measure
from finops_pipeline.settings import DBT_PROJECT_DIR

MEASURES = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
_GOAL = 4
_MEMORY = "1536MB"

# Costs from 1e-18 to 1e9, negative and zero ones among them; a pool in a thousand has weights of zero only.
_INPUT = """
create table pools as
select
    'pool-' || n as pool_id,
    {costs}
from range({pools}) as numbers (n);
create table weights as
select
    'pool-' || (n % {pools}) as pool_id,
    'consumer-' || (n // {pools}) as consumer_key,
    case when n % {pools} % 1000 = 7 then 0 else cast(hash(n) % 1000000 * (1 + n % 3 * 500) as bigint) end as weight
from range({parts}) as numbers (n);
"""
_COST = """
    case n % 50 when 0 then 0 else 1 end * case when n % 10 = 3 then -1 else 1 end
    * (cast(hash(n, '{measure}') % 1000000000 as decimal(18, 0)) * cast(0.000000001 as decimal(9, 9))
       * cast(power(10, n % 10) as integer) + cast(hash(n + 1, '{measure}') % 1000000000 as decimal(18, 0))
       * cast(0.000000000000000001 as decimal(18, 18)))
"""
_NAIVE = """
with totals as (select pool_id, sum(weight) as total from weights where weight > 0 group by 1),
costs as (
    select pools.pool_id, total, {costs} from pools inner join totals on pools.pool_id = totals.pool_id
)
select weights.pool_id, consumer_key, weight, weight / total as share, {parts}
from weights inner join costs on weights.pool_id = costs.pool_id
where weight > 0
"""


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in ("exact", "naive"):
        split(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=1_000_000)
    parser.add_argument("--pools", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder:
        bench(Path(folder), arguments.parts, arguments.pools)


def bench(folder: Path, parts: int, pools: int) -> None:
    """Write the pools and weights, split them both ways, and print the costs."""
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    console.print(f"[dim]split {pools:,} pools into {parts:,} parts ...[/dim]")
    given = folder / "split-input.duckdb"
    write_input(given, parts, pools)
    results: dict[str, tuple[Cost, int]] = {}
    for way in ("naive", "exact"):
        out = folder / f"{way}.duckdb"
        cost = measure([sys.executable, "-m", "benchmarks.split", way, str(given), str(out)])
        results[way] = (cost, pools_off(given, out))
    console.print(_table(results, parts, pools))


def write_input(given: Path, parts: int, pools: int) -> None:
    """Pools and weights of every kind, the same each time."""
    costs = ", ".join(f"cast({_COST.format(measure=name)} as decimal(38, 18)) as {name}" for name in MEASURES)
    with duckdb.connect(given) as connection:
        connection.execute(_INPUT.format(costs=costs, pools=pools, parts=parts))


def split(way: str, given: Path, out: Path) -> None:
    """Split the pools one way: the table `parts` of `out`."""
    select = exact_sql() if way == "exact" else _naive_sql()
    with duckdb.connect(out, config={"memory_limit": _MEMORY}) as connection:
        connection.execute(f"attach '{given}' as given (read_only)")
        for table in ("pools", "weights"):
            connection.execute(f"create temporary view {table} as select * from given.{table}")
        connection.execute(f"create table parts as {select}")


def exact_sql() -> str:
    """What `split_exactly` renders to, with dbt's dispatch reduced to its DuckDB branch."""

    class Adapter:
        def dispatch(self, name: str) -> Any:
            return getattr(macros, f"default__{name}")

    environment = jinja2.Environment()
    environment.globals.update({"adapter": Adapter(), "return": lambda value: value})
    folder = Path(DBT_PROJECT_DIR) / "macros"
    text = "".join((folder / name).read_text() for name in ("integer_divide.sql", "split_exactly.sql"))
    macros: Any = environment.from_string(text).module
    return str(macros.split_exactly("pools", "weights", list(MEASURES)))


def _naive_sql() -> str:
    costs = ", ".join(f"cast({name} as double) as {name}" for name in MEASURES)
    parts = ", ".join(f"weight / total * {name} as {name}" for name in MEASURES)
    return _NAIVE.format(costs=costs, parts=parts)


def pools_off(given: Path, out: Path) -> int:
    """How many pools with a weight do not sum to their cost in every measure."""
    sums = ", ".join(f"sum({name}) as {name}" for name in MEASURES)
    off = " or ".join(f"pools.{name} != sums.{name}" for name in MEASURES)
    with duckdb.connect(out, read_only=True, config={"memory_limit": _MEMORY}) as connection:
        connection.execute(f"attach '{given}' as given (read_only)")
        query = f"""
            with sums as (select pool_id, {sums} from parts group by 1)
            select count(*) from given.pools inner join sums on pools.pool_id = sums.pool_id where {off}
        """
        found = connection.execute(query).fetchone()
    return found[0] if found else 0


def _table(results: dict[str, tuple[Cost, int]], parts: int, pools: int) -> Table:
    table = Table(
        title=f"{pools:,} pools, {parts:,} parts, four measures, {os.cpu_count()} cores (goal: {_GOAL} x naive)"
    )
    for heading in ("what", "CPU s", "x naive", "wall s", "peak MiB", "pools off"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    naive = results["naive"][0]
    for title, (cost, off) in zip(("naive split, floats", "exact split"), results.values(), strict=True):
        ratio = f"{cost.cpu_seconds / naive.cpu_seconds:.2f}"
        numbers = (f"{cost.cpu_seconds:.1f}", ratio, f"{cost.wall_seconds:.1f}", f"{cost.peak_mib:,.0f}", f"{off:,}")
        table.add_row(title, *numbers)
    return table


if __name__ == "__main__":
    main()
