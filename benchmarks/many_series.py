"""A whole `finops run` over more series than one process judges: a bill of thousands of accounts, one line a day each.

Usage: python -m benchmarks.many_series [ACCOUNTS]

One account costs ten times as much on one day. The run must find that, nothing else, and say that it watched them all.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.company import billing_files
from benchmarks.cur_lines import EXPORT
from benchmarks.measure import measure
from finops_pipeline.detect.findings import ALONE

NOW = "2026-11-03T06:00:00Z"
ACCOUNTS = ALONE + 100
MONTHS = ("2026-08", "2026-09", "2026-10")
SPIKE = ("100000000007", "2026-10-28")

_FINOPS = (sys.executable, "-m", "finops_pipeline")
_CONFIG = """\
version: 1
reporting_currency: USD
sources:
  - {{name: aws, provider: aws, dataset: cur2, uri: "file://{export}"}}
"""
_LINES = f"""
select line.* replace (
    '1' || lpad(account::varchar, 11, '0') as line_item_usage_account_id,
    'account-' || account as line_item_usage_account_name,
    'i-' || account as line_item_resource_id,
    md5(account || ' ' || day) || '{"0" * 20}' as identity_line_item_id,
    $first::timestamp as bill_billing_period_start_date,
    $first::timestamp + interval 1 month as bill_billing_period_end_date,
    day::timestamp as line_item_usage_start_date,
    day::timestamp + interval 1 day as line_item_usage_end_date,
    cost as line_item_unblended_cost,
    cost as line_item_blended_cost,
    cost as pricing_public_on_demand_cost
)
from line, (
    select account, day,
        -- a weekly rhythm and some noise; to the cent, as a bill
        round((20 + account % 50) * if(isodow(day) > 5, 0.6, 1) * (1 + (hash(account, day) % 100) / 2000.0)
            * if(account = 7 and day = date '{SPIKE[1]}', 10, 1), 2)::double as cost
    from (select unnest(generate_series($first::date, last_day($first::date), interval 1 day))::date as day) as days,
        (select unnest(range(0, $accounts)) as account) as accounts
)
"""


def write_company(folder: Path, accounts: int) -> Path:
    """Write a company of so many accounts; returns its configuration."""
    sample = folder / "sample"
    measure([*_FINOPS, "sample", str(sample)])
    export = folder / "acme-billing" / "cur2" / EXPORT
    with duckdb.connect() as connection:
        connection.read_parquet([str(path) for path in billing_files(sample)["aws"]], hive_partitioning=False).filter(
            "line_item_line_item_type = 'Usage' and line_item_resource_id is not null"
            " and line_item_product_code = 'AmazonEC2' and pricing_unit = 'Hrs'"
        ).order("identity_line_item_id").limit(1).to_table("line")
        for month in MONTHS:
            partition = f"BILLING_PERIOD={month}"
            data = export / "data" / partition / f"{EXPORT}-00001.snappy.parquet"
            manifest = export / "metadata" / partition / f"{EXPORT}-Manifest.json"
            for path in (data, manifest):
                path.parent.mkdir(parents=True)
            connection.execute(
                f"copy ({_LINES}) to '{data}' (format parquet)", {"first": f"{month}-01", "accounts": accounts}
            )
            named = f"s3://acme-billing/cur2/{EXPORT}/data/{partition}/{data.name}"
            manifest.write_text(json.dumps({"dataFiles": [named]}))
    configuration = folder / "finops.yaml"
    configuration.write_text(_CONFIG.format(export=export))
    return configuration


def bench(accounts: int) -> None:
    """Run it, hold what it says against what was planted, and print the cost.

    Raises:
        RuntimeError: the run did not watch every account, or did not find the planted day alone.
    """
    if accounts <= ALONE:
        raise RuntimeError(f"{accounts} accounts are judged by one process; more than {ALONE} are not.")
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as name:
        folder = Path(name)
        environment = {
            "FINOPS_HOME": str(folder / "home"),
            "DAGSTER_HOME": str(folder / "home" / "dagster"),
            "FINOPS_CONFIG": str(write_company(folder, accounts)),
            "FINOPS_NOW": NOW,
        }
        cost = measure([*_FINOPS, "run"], environment)
        marts = folder / "home" / "marts" / "current" / "marts.duckdb"
        with duckdb.connect(str(marts), read_only=True) as connection:
            found = connection.execute(
                "select scope, entity, charge_date::varchar from fct_anomalies where scope = 'account'"
            ).fetchall()
            (watched,) = connection.execute(
                "select max(regexp_extract(observed, 'in ([0-9,]+) series', 1)) from fct_check_results"
                " where check_name = 'daily_cost_is_usual'"
            ).fetchone() or ("",)
    if found != [("account", *SPIKE)]:
        raise RuntimeError(f"planted was {SPIKE}, found {found[:5]} and {max(0, len(found) - 5)} more.")
    if int((watched or "0").replace(",", "")) <= accounts:
        raise RuntimeError(f"{watched!r} series were watched; expected more than {accounts}.")
    print(
        f"a whole run over {accounts:,} accounts x {len(MONTHS)} months, {os.cpu_count()} cores: {watched} series,"
        f" {cost.cpu_seconds:.1f} CPU s, {cost.wall_seconds:.1f} s wall, {cost.peak_mib:,.0f} MiB"
    )


if __name__ == "__main__":
    bench(int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS)
