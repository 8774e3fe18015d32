"""The peer that normalizes: the FinOps Foundation's focus-converter on the same CUR 2.0 lines.

It has an environment of its own (`make bench` makes it; without it the row is left out, with the reason). It reads
legacy names and no maps, so its input is written first, not measured: the columns it asks for in one file,
amounts as DOUBLE. It reads 50,000 lines at a time and writes FOCUS columns only: less work than ours.
"""

import shutil
import subprocess
from pathlib import Path

import duckdb

from benchmarks.measure import Cost, measure

_CONVERTER = Path(__file__).parent.parent / ".venv" / "focus-converter" / "bin" / "focus-converter"

_TAKEN = (
    "bill_bill_type",
    "bill_billing_period_end_date",
    "bill_billing_period_start_date",
    "bill_invoicing_entity",
    "bill_payer_account_id",
    "line_item_availability_zone",
    "line_item_currency_code",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_unblended_cost",
    "line_item_usage_account_id",
    "line_item_usage_amount",
    "line_item_usage_end_date",
    "line_item_usage_start_date",
    "line_item_usage_type",
    "pricing_public_on_demand_cost",
    "pricing_rate_code",
    "pricing_rate_id",
    "pricing_unit",
    "product_region_code",
    "product_sku",
    "reservation_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
)
_UNDER_OTHER_NAMES = {
    "line_item_net_unblended_cost": "line_item_unblended_cost",
    "pricing_public_on_demand_rate": "cast(pricing_public_on_demand_rate as double)",
    "product_purchase_option": "case pricing_term when 'Spot' then 'Spot Instances' when 'OnDemand'"
    " then 'On-Demand' end",
    "product_region": "product_region_code",
    "reservation_reservation_a_r_n": "cast(reservation_reservation_a_r_n as varchar)",
    "reservation_reservation_arn": "cast(reservation_reservation_a_r_n as varchar)",
    "reservation_total_reserved_units": "cast(reservation_total_reserved_units as double)",
    "savings_plan_savings_plan_arn": "savings_plan_savings_plan_a_r_n",
}


def why_not() -> str | None:
    """Why the converter cannot run here, if it cannot."""
    if _CONVERTER.exists():
        return None
    return "focus-converter is not installed: `make bench` does it, where the package index can be reached"


def version() -> str:
    """What is measured."""
    python = _CONVERTER.with_name("python")
    code = "import importlib.metadata as m; print(m.version('focus-converter'), 'on polars', m.version('polars'))"
    return f"focus-converter {subprocess.check_output([python, '-c', code], text=True).strip()}"


def write_input(files: list[Path], out: Path) -> None:
    """The same lines as it can read them, in one file: of many small ones it would take smaller batches."""
    columns = ", ".join((*_TAKEN, *(f"{sql} as {name}" for name, sql in _UNDER_OTHER_NAMES.items())))
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        lines = connection.read_parquet([str(path) for path in files], hive_partitioning=False)
        lines.select(columns).write_parquet(str(out), compression="snappy")


def convert(lines: Path, out: Path) -> Cost:
    """Convert what `write_input` wrote; the cost of the whole process."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command = [str(_CONVERTER), "convert", "--provider", "aws", "--data-format", "parquet"]
    command += ["--parquet-data-format", "dataset", "--data-path", str(lines), "--export-path", str(out)]
    return measure([*command, "--no-export-include-source-columns"])
