"""`make bench`: the whole product beside a floor and a peer, on the same lines, in one run.

The floor copies the billing files to zstd Parquet and understands nothing; the peer is a plain pandas script that does
less. Rows are CPU seconds and peak memory of whole processes, as ratios to the floor: the machine's speed cancels.
Then single stages, each beside a floor of its own: normalization, `finops explain`, the ledger, extraction, a month
after many, publishing, the exact split; and detection.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import anomaly_speed, explain, extract, history, ledger, many_series, normalize, publishing, split
from benchmarks.measure import Cost, measure

PYTHON = sys.executable
NOW = "2026-11-03T06:00:00Z"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="billing lines over the three clouds")
    parser.add_argument("--keep", type=Path, help="keep the company and the results in this folder")
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        _bench(arguments.keep, arguments.rows)
    else:
        with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder:
            _bench(Path(folder), arguments.rows)


def _bench(folder: Path, rows: int) -> None:
    console, began = Console(), time.monotonic()
    company = folder / "company"
    home = {"FINOPS_HOME": str(folder / "home"), "FINOPS_CONFIG": str(company / "finops.yaml"), "FINOPS_NOW": NOW}
    home |= {"DAGSTER_HOME": str(folder / "home" / "dagster")}
    finops = [PYTHON, "-m", "finops_pipeline"]
    steps = [
        (f"write the sample company, {rows:,} lines", [*finops, "sample", str(company), "--rows", str(rows)]),
        ("floor: copy to zstd Parquet", [PYTHON, "-m", "benchmarks.floor", str(company), str(folder / "floor")]),
        (
            "peer: pandas script, floats",
            [PYTHON, "-m", "benchmarks.peer_pandas", str(company), str(folder / "peer.parquet")],
        ),
        ("finops run: first, everything", [*finops, "run"]),
        ("finops run: rebuild, nothing to land", [*finops, "run", "--rebuild"]),
        ("finops run: nothing new", [*finops, "run"]),
    ]
    costs: dict[str, Cost] = {}
    for title, command in steps:
        console.print(f"[dim]{_minutes(began)}: {title} ...[/dim]")
        costs[title] = measure(command, home)
    console.print(_table(costs, rows))
    rows_a_month = max(2_000, rows // 50)
    stages: dict[str, Callable[[], None]] = {
        "normalization": lambda: normalize.bench(folder / "normalize", rows),
        "explain": lambda: explain.bench(folder / "home"),
        "the ledger": lambda: ledger.bench(folder / "home", folder / "ledger", rows),
        "extraction": lambda: extract.bench(folder / "extract", rows),
        "a month after many": lambda: history.bench(folder / "history", rows_a_month),
        "publishing": lambda: publishing.bench(folder / "home", folder / "publishing", rows_a_month),
        "the exact split": lambda: split.bench(folder / "split", parts=rows, pools=max(1, rows // 100)),
        "detection": lambda: anomaly_speed.bench(max(100, rows // 100)),
        "detection in a run": lambda: many_series.bench(many_series.ACCOUNTS),
    }
    for number, (title, stage) in enumerate(stages.items(), start=1):
        console.print(f"[dim]{_minutes(began)}: stage {number} of {len(stages)}, {title}[/dim]")
        stage()
    console.print(f"[dim]{_minutes(began)}: done[/dim]")


def _minutes(began: float) -> str:
    return f"{(time.monotonic() - began) / 60:.1f} min"


def _table(costs: dict[str, Cost], rows: int) -> Table:
    floor = next(cost for title, cost in costs.items() if title.startswith("floor"))
    table = Table(title=f"{rows:,} billing lines, {os.cpu_count()} cores")
    for heading, justify in (
        ("what", "left"),
        ("CPU s", "right"),
        ("x floor", "right"),
        ("wall s", "right"),
        ("peak MiB", "right"),
    ):
        table.add_column(heading, justify=justify)  # pyright: ignore[reportArgumentType]
    for title, cost in costs.items():
        ratio = f"{cost.cpu_seconds / floor.cpu_seconds:.2f}"
        table.add_row(title, f"{cost.cpu_seconds:.1f}", ratio, f"{cost.wall_seconds:.1f}", f"{cost.peak_mib:,.0f}")
    return table


if __name__ == "__main__":
    main()
