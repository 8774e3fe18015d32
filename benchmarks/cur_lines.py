"""A CUR 2.0 export of any size for the benches: the sample company's AWS lines, many times over, no two lines alike.

Each copy is a company of its own: its accounts, resources, savings plans and line ids are others, its amounts and
quantities are multiplied, so that negations still cancel. Copies are mixed within a day, as many accounts are in a
real bill; each day is a file.
"""

import json
import subprocess
import sys
from pathlib import Path

import duckdb

from benchmarks.company import billing_files

EXPORT = "finops-cur2"
_MULTIPLIED = (
    "line_item_blended_cost",
    "line_item_unblended_cost",
    "line_item_usage_amount",
    "pricing_public_on_demand_cost",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
)
_TOLD_APART = {
    "identity_line_item_id": "substr(md5(identity_line_item_id || copy) || md5(copy || identity_line_item_id), 1, 52)",
    "line_item_resource_id": "line_item_resource_id || '-' || copy",
    "line_item_usage_account_id": "lpad(cast(cast(line_item_usage_account_id as bigint) + copy * 1000 as varchar), 12,"
    " '0')",
    "line_item_usage_account_name": "line_item_usage_account_name || '-' || copy",
    "savings_plan_savings_plan_a_r_n": "savings_plan_savings_plan_a_r_n || copy",
}


def write_cur_export(folder: Path, rows: int) -> tuple[Path, int]:
    """Write an export of at least `rows` lines below `folder`; returns the export's own folder and its lines.

    An export that is there already, from a bench whose folder was kept, is taken as it is.
    """
    export = folder / "acme-billing" / "cur2" / EXPORT
    if export.exists():
        return export, _count(export)
    company = folder / "company"
    subprocess.run([sys.executable, "-m", "finops_pipeline", "sample", str(company)], check=True, capture_output=True)
    with duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(folder / "spill")}) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.read_parquet(
            [str(path) for path in billing_files(company)["aws"]], hive_partitioning=False
        ).to_table("lines")
        (count,) = connection.execute("select count(*) from lines").fetchone() or (0,)
        copies = -(-rows // count)
        days = connection.execute("""
            select strftime(bill_billing_period_start_date, '%Y-%m') as month, cast(line_item_usage_start_date as date)
            from lines group by all order by all
        """).fetchall()
        names: dict[str, list[str]] = {}
        for month, day in days:
            partition = f"BILLING_PERIOD={month}"
            path = export / "data" / partition / f"{EXPORT}-{len(names.setdefault(month, [])) + 1:05}.snappy.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy ({_lines(month, day, copies)}) to '{path}' (format parquet, compression snappy)")
            names[month].append(f"s3://acme-billing/cur2/{EXPORT}/data/{partition}/{path.name}")
    for month, files in names.items():
        manifest = export / "metadata" / f"BILLING_PERIOD={month}" / f"{EXPORT}-Manifest.json"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(json.dumps({"dataFiles": files}))
    return export, _count(export)


def _count(export: Path) -> int:
    with duckdb.connect() as connection:
        query = "select count(*) from read_parquet(?, hive_partitioning = false)"
        (lines,) = connection.execute(query, [f"{export}/data/*/*.parquet"]).fetchone() or (0,)
    return lines


def _lines(month: str, day: object, copies: int) -> str:
    replaced = _TOLD_APART | {name: f"cast(cast({name} as decimal(28, 10)) * copy as double)" for name in _MULTIPLIED}
    columns = ", ".join(f"{sql} as {name}" for name, sql in replaced.items())
    return f"""
        select lines.* replace ({columns})
        from lines
        cross join range(1, {copies + 1}) as copies(copy)
        where
            strftime(bill_billing_period_start_date, '%Y-%m') = '{month}'
            and cast(line_item_usage_start_date as date) = date '{day}'
        order by line_item_usage_start_date, md5(identity_line_item_id || copy)
    """
