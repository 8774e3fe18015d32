"""What history costs: the newest month arrives after one month of history, and after many.

A company of N months and one more. `finops run --to` takes all but the newest; what is measured is the run that then
lands, allocates, sums up, tests and publishes it, and keeps the others. Beside it the same run rebuilt whole.

Usage: python -m benchmarks.history [--months N] [--rows LINES_PER_MONTH]
"""

import argparse
import os
import sys
import tempfile
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Cost, measure

NEWEST = date(2026, 10, 1)
NOW = "2026-11-03T06:00:00Z"
_FINOPS = (sys.executable, "-m", "finops_pipeline")
_GOAL = 1.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=12, help="months of history before the newest")
    parser.add_argument("--rows", type=int, default=20_000, help="billing lines a month")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder:
        bench(Path(folder), arguments.rows, arguments.months)


def bench(folder: Path, rows_a_month: int, months: int = 12) -> None:
    """Measure the newest month after one month and after `months`, and print the costs."""
    console = Console()
    costs = {}
    for history in (1, months):
        costs[history] = _newest_month(folder / str(history), rows_a_month, history, console)
    console.print(_table(costs, rows_a_month))


def _newest_month(folder: Path, rows_a_month: int, history: int, console: Console) -> tuple[Cost, Cost]:
    named = months_up_to(NEWEST, history + 1)
    company = folder / "company"
    home = {
        "FINOPS_HOME": str(folder / "home"),
        "DAGSTER_HOME": str(folder / "home" / "dagster"),
        "FINOPS_CONFIG": str(company / "finops.yaml"),
        "FINOPS_NOW": NOW,
    }
    asked = [argument for month in named for argument in ("--month", month)]
    lines = rows_a_month * len(named)
    steps = {
        f"write {len(named)} months, {lines:,} lines": ("sample", str(company), "--rows", str(lines), *asked),
        f"finops run: all but the newest of {len(named)} months": ("run", "--to", named[-2]),
        "finops run: the newest": ("run",),
        "finops run: rebuild": ("run", "--rebuild"),
    }
    costs = []
    for title, command in steps.items():
        console.print(f"[dim]{title} ...[/dim]")
        costs.append(measure([*_FINOPS, *command], home))
    *_, newest, rebuilt = costs
    return newest, rebuilt


def months_up_to(newest: date, count: int) -> list[str]:
    """The last `count` months, as `YYYY-MM`, oldest first."""
    last = newest.year * 12 + newest.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last - count + 1, last + 1)]


def _table(costs: dict[int, tuple[Cost, Cost]], rows_a_month: int) -> Table:
    table = Table(
        title=f"The newest month, {rows_a_month:,} lines a month, {os.cpu_count()} cores (goal: {_GOAL} x one month)"
    )
    for heading in ("history", "CPU s", "x one month", "wall s", "peak MiB", "rebuilt whole, CPU s"):
        table.add_column(heading, justify="left" if heading == "history" else "right")
    least = min(costs)
    for history, (newest, rebuilt) in costs.items():
        table.add_row(
            f"{history} month{'s' if history > 1 else ''}",
            f"{newest.cpu_seconds:.1f}",
            f"{newest.cpu_seconds / costs[least][0].cpu_seconds:.2f}",
            f"{newest.wall_seconds:.1f}",
            f"{newest.peak_mib:,.0f}",
            f"{rebuilt.cpu_seconds:.1f}",
        )
    return table


if __name__ == "__main__":
    main()
