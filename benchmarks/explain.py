"""How long `finops explain` takes to walk one amount back to its billed lines: the middle and the slow end of many.

Usage: python -m benchmarks.explain HOME [AMOUNTS]
"""

import statistics
import sys
import time
from pathlib import Path

import duckdb
from rich.console import Console

from finops_pipeline.explain import explain

AMOUNTS = 40
_GOAL = 1.0


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    bench(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else AMOUNTS)


def bench(home: Path, amounts: int = AMOUNTS) -> None:
    """Explain amounts spread evenly over the ledger's keys, each with a connection of its own, and print the times."""
    current = home / "marts" / "current"
    with duckdb.connect(current / "marts.duckdb", read_only=True) as marts:
        keys = marts.execute(
            """
            select allocation_id
            from fct_cost_allocations
            qualify row_number() over (order by md5(allocation_id)) <= ?
            """,
            [amounts],
        ).fetchall()
        rows = marts.execute("select count(*) from focus_cost_and_usage").fetchall()[0][0]
    seconds = []
    for (allocation_id,) in keys:
        started = time.perf_counter()
        explain(current, allocation_id)
        seconds.append(time.perf_counter() - started)
    slow = statistics.quantiles(seconds, n=20)[-1]
    Console().print(
        f"finops explain over {rows:,} charges, {len(seconds)} amounts: median {statistics.median(seconds):.2f} s,"
        f" p95 {slow:.2f} s wall (goal: below {_GOAL:.0f} s)"
    )


if __name__ == "__main__":
    main()
