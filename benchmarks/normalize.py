"""Normalization alone: CUR 2.0 lines mapped to FOCUS, beside DuckDB copying the same files and beside focus-converter.

The export is delivered as Parquet and landed first (a row of its own). What is then measured are whole processes: the
mapping's own SQL as dbt compiles it, from landed files to zstd Parquet; and dbt itself, from landed files to the
charges with services, meters and owners, in the warehouse. The copy reads the delivered files and understands nothing.
Copy and mapping have the same memory.

What the mapping writes are the four tables that it is in the warehouse: of each line its amounts, instants, account,
resource and two numbers; once, what many lines say (their description) and their tags; what negations leave. The
charges with all their columns are a view of these. What it costs to read all columns of all charges through it, and to
write them out as one wide file, are rows of their own.

Copy, mapping and converter take turns, several times, because other work on a machine moves CPU seconds by a fifth: a
row is the median of its turns, the spread beside it. `--rows 10000000 --repeat 1 --mapping-only` is ten million lines
in one run (some twenty minutes on two cores).

Usage: python -m benchmarks.normalize [--rows N] [--repeat N] [--memory SIZE] [--mapping-only] [--keep FOLDER]
       python -m benchmarks.normalize copy|land|map|read|widen EXPORT|HOME OUT [MEMORY]   (what is measured)
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks import peer_focus_converter
from benchmarks.cur_lines import write_cur_export
from benchmarks.measure import Cost, measure
from finops_pipeline.settings import DBT_PROJECT_DIR

MAPPING = "int_aws__charges_mapped_to_focus"
MAPPED = ("int_aws__charge_lines", "int_aws__charge_descriptions", "int_aws__tag_sets", "int_aws__negation_residuals")
STAGED = ("stg_aws__cur1_line_items", "stg_aws__cur2_line_items")
NOT_READ = ("int_delivered_months",)
"""Asked by a build that keeps months, and not by the models' own SQL."""
COMPLETE = "int_charges_attributed_to_owners"
COPY = "DuckDB copy to zstd Parquet"
MAP = "finops maps the lines to FOCUS"
READ = "all columns read through the view"
WIDEN = "all columns written as one wide file"
_GOAL = 1.2
_PEER_GOAL = 1.5
# More than a run gives the engine (1 GB, profiles.yml): within that a copy of large files spills, and would look dear.
_MEMORY = "1500MB"
_NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)


def main() -> None:
    measured = {"copy": _copy, "land": _land, "map": _map, "read": _read, "widen": _widen}
    if len(sys.argv) > 3 and sys.argv[1] in measured:
        given, out, memory = Path(sys.argv[2]), Path(sys.argv[3]), (sys.argv[4:] or [_MEMORY])[0]
        measured[sys.argv[1]](given, out, memory)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="CUR 2.0 lines")
    parser.add_argument("--repeat", type=int, default=3, help="turns of copy, mapping and converter")
    parser.add_argument("--memory", default=_MEMORY, help="memory limit of copy and mapping")
    parser.add_argument("--mapping-only", action="store_true", help="without the row of dbt, which is longer than all")
    parser.add_argument("--keep", type=Path, help="keep the export and the results in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder:
        bench(
            arguments.keep or Path(folder), arguments.rows, arguments.repeat, arguments.memory, arguments.mapping_only
        )


def bench(folder: Path, rows: int, repeat: int = 3, memory: str = _MEMORY, is_mapping_only: bool = False) -> None:
    """Write an export, land it, copy and normalize it in each way, and print the costs."""
    console = Console()
    console.print(f"[dim]CUR 2.0: write {rows:,} lines, land, then {repeat} x copy, map, convert ...[/dim]")
    export, lines = write_cur_export(folder, rows)
    home = folder / "home"
    is_landed_before = home.exists()  # by a bench whose folder was kept
    landed = _measured("land", export, home)
    measure(_dbt(home, "run", "--select", *STAGED), _environment(home))  # views: no line is read
    measure(_dbt(home, "compile", "--select", *MAPPED, MAPPING), _environment(home))
    turns: dict[str, Callable[[], Cost]] = {
        COPY: lambda: _measured("copy", export, folder / "copy.parquet", memory),
        MAP: lambda: _measured("map", home, folder / "mapped", memory),
    }
    missing = peer_focus_converter.why_not()
    if not missing:
        peer_focus_converter.write_input(sorted(export.rglob("*.parquet")), folder / "peer.parquet")
        turns[peer_focus_converter.version()] = lambda: peer_focus_converter.convert(
            folder / "peer.parquet", folder / "peer"
        )
    costs: dict[str, list[Cost]] = {title: [] for title in turns}
    for _ in range(repeat):
        for title, turn in turns.items():
            costs[title].append(turn())
            console.print(f"[dim]{title}: {costs[title][-1].cpu_seconds:.1f} CPU s[/dim]")
    costs[READ] = [_measured("read", home, folder / "mapped", memory)]
    costs[WIDEN] = [_measured("widen", home, folder / "mapped", memory)]
    if not is_landed_before:
        costs["finops lands them (extraction)"] = [landed]
    if not is_mapping_only:
        build = _dbt(home, "build", "--select", f"+{COMPLETE}", "--exclude-resource-type", "test", "unit_test")
        costs["dbt: mapped, with services and owners"] = [measure(build, _environment(home))]
    console.print(_table(costs, lines, memory))
    console.print(verdict(costs))
    if missing:
        console.print(f"[yellow]No peer: {missing}.[/yellow]")


def row(title: str, turns: Sequence[Cost], floor: Sequence[Cost]) -> tuple[str, ...]:
    """One row of the table: median CPU seconds, their spread, times the floor's median, wall, highest peak."""
    seconds = [turn.cpu_seconds for turn in turns]
    spread = f"{min(seconds):.1f}-{max(seconds):.1f}" if len(seconds) > 1 else ""
    return (
        title,
        f"{_seconds(turns):.1f}",
        spread,
        f"{_seconds(turns) / _seconds(floor):.2f}",
        f"{median(turn.wall_seconds for turn in turns):.1f}",
        f"{max(turn.peak_mib for turn in turns):,.0f}",
    )


def verdict(costs: Mapping[str, Sequence[Cost]]) -> str:
    """The two ratios that the mapping is held to, each beside its goal."""
    mapped = _seconds(costs[MAP])
    said = [f"Mapped at {mapped / _seconds(costs[COPY]):.2f} x the CPU of the copy (goal: at most {_GOAL})"]
    said += [
        f"{title} at {_seconds(turns) / mapped:.2f} x the CPU of the mapping (goal: at least {_PEER_GOAL})"
        for title, turns in costs.items()
        if title.startswith("focus-converter")
    ]
    return "; ".join(said) + "."


def _seconds(turns: Sequence[Cost]) -> float:
    return median(turn.cpu_seconds for turn in turns)


def _measured(verb: str, given: Path, out: Path, *memory: str) -> Cost:
    return measure([sys.executable, "-m", "benchmarks.normalize", verb, str(given), str(out), *memory])


def _table(costs: Mapping[str, Sequence[Cost]], lines: int, memory: str) -> Table:
    table = Table(title=f"{lines:,} lines of CUR 2.0, {os.cpu_count()} cores, {memory} for copy and mapping")
    for heading in ("what", "CPU s", "from-to", "x copy", "wall s", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for title, turns in costs.items():
        table.add_row(*row(title, turns, costs[COPY]))
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


def _copy(export: Path, out: Path, memory: str) -> None:
    files = [str(path) for path in sorted((export / "data").rglob("*.parquet"))]
    with duckdb.connect(config={"memory_limit": memory}) as connection:
        connection.read_parquet(files, hive_partitioning=False).write_parquet(str(out), compression="zstd")


def _land(export: Path, home: Path, _: str) -> None:
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


def _map(home: Path, out: Path, memory: str) -> None:
    """The mapping's tables, each from its own SQL to a file of `out`."""
    out.mkdir(exist_ok=True)
    with duckdb.connect(home / "warehouse.duckdb", read_only=True, config={"memory_limit": memory}) as connection:
        for model in MAPPED:
            connection.sql(_compiled(home, model)).write_parquet(str(out / f"{model}.parquet"), compression="zstd")


def _read(home: Path, out: Path, memory: str) -> None:
    """Every column of every charge, through the view over the files that were written."""
    with _mapped(home, out, memory) as connection:
        connection.sql(f"select bit_xor(hash(columns(*))) from ({_compiled(home, MAPPING)})").fetchall()


def _widen(home: Path, out: Path, memory: str) -> None:
    with _mapped(home, out, memory) as connection:
        connection.sql(_compiled(home, MAPPING)).write_parquet(str(out / "wide.parquet"), compression="zstd")


def _mapped(home: Path, out: Path, memory: str) -> duckdb.DuckDBPyConnection:
    """The written files, under the names that the view knows them by."""
    connection = duckdb.connect(config={"memory_limit": memory, "temp_directory": str(home / "spill")})
    connection.execute("attach ':memory:' as warehouse")
    for model in MAPPED:
        file = str(out / f"{model}.parquet").replace("'", "''")
        connection.execute(f"create view warehouse.main.{model} as from read_parquet('{file}')")
    return connection


def _compiled(home: Path, model: str) -> str:
    """A model's SQL as dbt compiled it."""
    (file,) = (home / "dbt" / "compiled").rglob(f"{model}.sql")
    return file.read_text(encoding="utf-8").rstrip().rstrip(";")


if __name__ == "__main__":
    main()
