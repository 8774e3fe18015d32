"""Extraction alone: one month of CUR 2.0 landed, beside DuckDB copying the same files to zstd Parquet.

Landing verifies, settles types, adds the address of every row, sums the money exactly and writes the ledger; the copy
does nothing of it. Both are whole processes over the same files, so the machine's speed cancels.

Usage: python -m benchmarks.extract [--rows N]
       python -m benchmarks.extract land|copy EXPORT_DIR OUT_DIR   (what is measured)
"""

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Cost, measure

MONTH = "2026-10"
FORMS = {"Parquet": "snappy.parquet", "csv.gz": "csv.gz"}
_PARTS = 10
_GOAL = 1.5


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in ("land", "copy"):
        (_land if sys.argv[1] == "land" else _copy)(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder:
        bench(Path(folder), rows)


def bench(folder: Path, rows: int) -> None:
    """Write the month in both forms, land and copy each, and print the costs."""
    console = Console()
    costs: dict[str, tuple[Cost, Cost]] = {}
    for form, ending in FORMS.items():
        console.print(f"[dim]CUR 2.0 as {form}: write, copy, land ...[/dim]")
        export = folder / form / "acme-billing" / "cur2" / "finops-cur2"
        _write_month(export, rows, ending)
        commands = [
            [sys.executable, "-m", "benchmarks.extract", verb, str(export), str(folder / form / verb)]
            for verb in ("copy", "land")
        ]
        copy, land = (measure(command) for command in commands)
        costs[form] = (copy, land)
    console.print(_table(costs, rows))


def _table(costs: dict[str, tuple[Cost, Cost]], rows: int) -> Table:
    table = Table(
        title=f"Extraction of one CUR 2.0 month, {rows:,} lines, {os.cpu_count()} cores (goal: {_GOAL} x copy)"
    )
    for heading in ("what", "CPU s", "x copy", "wall s", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for form, (copy, land) in costs.items():
        for title, cost in ((f"{form}: DuckDB copy to zstd Parquet", copy), (f"{form}: finops lands it", land)):
            ratio = f"{cost.cpu_seconds / copy.cpu_seconds:.2f}"
            numbers = (f"{cost.cpu_seconds:.1f}", ratio, f"{cost.wall_seconds:.1f}", f"{cost.peak_mib:,.0f}")
            table.add_row(title, *numbers)
    return table


def _write_month(export: Path, rows: int, ending: str) -> None:
    """A month of lines with the sample company's spread of values: few services, many resources, distinct amounts."""
    columns = (Path(__file__).parent.parent / "finops_pipeline/extract/columns/aws_cur2.tsv").read_text().splitlines()
    declared = dict(line.split("\t")[:2] for line in columns[1:])
    select = ", ".join(f'{_value(name, type_)} as "{name}"' for name, type_ in declared.items())
    folder = export / "data" / f"BILLING_PERIOD={MONTH}"
    folder.mkdir(parents=True)
    form = "format parquet, compression snappy" if ending.endswith("parquet") else "format csv, compression gzip"
    names = []
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute("select setseed(0.5)")
        for part in range(_PARTS):
            count = rows // _PARTS + (part < rows % _PARTS)
            path = folder / f"finops-cur2-{part + 1:05}.{ending}"
            connection.execute(f"copy (select {select} from range({count}) as lines(n)) to '{path}' ({form})")
            names.append(f"s3://acme-billing/cur2/finops-cur2/data/{folder.name}/{path.name}")
    manifest = export / "metadata" / folder.name / "finops-cur2-Manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"dataFiles": names}))


def _value(name: str, type_: str) -> str:
    known = {
        "identity_line_item_id": "md5(cast(random() as varchar))",
        "identity_time_interval": "'2026-10-01T00:00:00Z/2026-10-01T01:00:00Z'",
        "line_item_line_item_type": "case when n % 50 = 0 then 'Tax' else 'Usage' end",
        "line_item_currency_code": "'USD'",
        "line_item_resource_id": "'arn:aws:ec2:us-east-1:012345678901:instance/i-' || md5(cast(n % 20011 as varchar))",
        "line_item_usage_type": "'BoxUsage:p5.' || (n % 211)",
        "line_item_line_item_description": "'$' || (n % 997) / 1000 || ' per On Demand Linux instance hour'",
        "bill_payer_account_id": "'012345678901'",
    }
    if name in known:
        return known[name]
    if name in ("resource_tags", "tags", "product", "cost_category"):
        entry = "map {'user_team': 'team-' || (n % 23), 'user_env': case when n % 3 = 0 then 'dev' else 'prod' end}"
        return entry if type_.startswith("MAP") else f"cast(to_json({entry}) as varchar)"
    if type_.startswith("MAP"):
        return f"cast(map {{}} as {type_})"
    if type_ == "DOUBLE":
        return "case when n % 4 > 0 then random() * 3 end" if "cost" in name else "cast(null as double)"
    if type_ == "TIMESTAMP":
        return "timestamp '2026-10-01' + interval (n % 720) hour"
    return (
        f"case when n % 5 = 0 then null else '{name[:12]}-' || (n % 37) end"
        if len(name) % 3
        else "cast(null as varchar)"
    )


def _copy(export: Path, out: Path) -> None:
    """The floor: every file copied as it is, all columns, nothing understood."""
    out.mkdir(parents=True)
    connection = duckdb.connect(config={"memory_limit": "2GB"})
    for path in sorted((export / "data").rglob("finops-cur2-*")):
        if path.suffix == ".parquet":
            relation = connection.read_parquet(str(path), hive_partitioning=False)
        else:
            relation = connection.read_csv(str(path), all_varchar=True, header=True)
        relation.write_parquet(str(out / f"{path.name}.parquet"), compression="zstd")


def _land(export: Path, out: Path) -> None:
    from finops_pipeline.config import Config, Source
    from finops_pipeline.extract.deliveries import Window
    from finops_pipeline.extract.refresh import extract_table
    from finops_pipeline.settings import Settings

    now = datetime(2026, 10, 20, 6, tzinfo=UTC)
    source = Source(name="payer", provider="aws", dataset="cur2", uri=f"file://{export}")
    config = Config(version=1, sources=(source,), path=out / "finops.yaml")
    settings = Settings(out, out / "finops.yaml", now, out / "dagster")
    result = extract_table("aws_cur2", config, settings, Window(None, None, now), print)
    assert not result.failures, result.failures
    print(result.rows, *result.totals)


if __name__ == "__main__":
    main()
