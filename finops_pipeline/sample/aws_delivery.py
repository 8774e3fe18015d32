"""How the sample company's AWS lines are delivered: CUR 2.0 Parquet files of one execution, named by a manifest.

The layout is that of an export which creates new files at every refresh: each execution has its own folder, and the
manifest of the billing period names the newest one. What the lines say is `aws_cur2.py`.
"""

import json
from pathlib import Path
from typing import NamedTuple

import duckdb

from finops_pipeline.sample import aws_columns
from finops_pipeline.sample.company import AWS_PAYER, COMPANY
from finops_pipeline.sample.files import count, day_after_month, guid, quoted

BUCKET = "acme-billing"
EXPORT = "finops-cur2"
EXPORT_KEY = f"cur2/{EXPORT}"
ROWS_PER_FILE = 250_000

_FILLED = {
    "bill_bill_type": "'Anniversary'",
    "bill_billing_entity": "billing_entity",
    "bill_billing_period_end_date": "next_month_start",
    "bill_billing_period_start_date": "month_start",
    "bill_invoicing_entity": "'Amazon Web Services, Inc.'",
    "bill_payer_account_id": f"'{AWS_PAYER}'",
    "bill_payer_account_name": f"'{COMPANY}'",
    "cost_category": "map {}",
    "discount": "map {}",
    "identity_line_item_id": "substr(md5(line_key) || md5('line|' || line_key), 1, 52)",
    "identity_time_interval": "strftime(usage_start, '%Y-%m-%dT%H:%M:%SZ') || '/'"
    " || strftime(usage_end, '%Y-%m-%dT%H:%M:%SZ')",
    "line_item_availability_zone": "zone",
    "line_item_blended_cost": "to_double(cost)",
    "line_item_blended_rate": "rate",
    "line_item_currency_code": "'USD'",
    "line_item_legal_entity": "legal_entity",
    "line_item_line_item_description": "description",
    "line_item_line_item_type": "line_type",
    "line_item_operation": "operation",
    "line_item_product_code": "product_code",
    "line_item_resource_id": "resource_id",
    "line_item_tax_type": "tax_type",
    "line_item_unblended_cost": "to_double(cost)",
    "line_item_unblended_rate": "rate",
    "line_item_usage_account_id": f"coalesce(aws_account_id(account_number, cell), '{AWS_PAYER}')",
    "line_item_usage_account_name": f"coalesce(in_cell(lines.account, cell), '{COMPANY}')",
    "line_item_usage_amount": "to_double(amount)",
    "line_item_usage_end_date": "usage_end",
    "line_item_usage_start_date": "usage_start",
    "line_item_usage_type": "usage_type",
    "pricing_currency": "'USD'",
    "pricing_public_on_demand_cost": "case when line_type in ('Usage', 'SavingsPlanCoveredUsage')"
    " then case when list_rate is null then to_double(cost)"
    " else to_double((amount::decimal(12, 2) * list_rate::decimal(12, 6))::decimal(18, 10)) end end",
    "pricing_public_on_demand_rate": "case when line_type in ('Usage', 'SavingsPlanCoveredUsage')"
    " then coalesce(list_rate, rate) end",
    "pricing_rate_code": "case when unit is not null then upper(substr(md5(usage_type), 1, 16)) || '.JRTCKXETXF.'"
    " || upper(substr(md5(usage_type || unit), 1, 10)) end",
    "pricing_rate_id": "case when unit is not null then ('0x' || substr(md5(usage_type), 1, 9))::bigint::varchar end",
    "pricing_term": "case when line_type in ('Usage', 'SavingsPlanCoveredUsage') and unit is not null"
    " then case when usage_type like 'SpotUsage:%' then 'Spot' else 'OnDemand' end end",
    "pricing_unit": "unit",
    "product": "map_from_entries(list_filter(["
    "{'k': 'gpu', 'v': case when gpus > 0 then gpus::varchar end},"
    "{'k': 'instance_type', 'v': instance_type},"
    "{'k': 'memory', 'v': ram || ' GiB'},"
    "{'k': 'operating_system', 'v': case when instance_type is not null then 'Linux' end},"
    "{'k': 'product_name', 'v': product_name},"
    "{'k': 'region', 'v': region},"
    "{'k': 'servicename', 'v': product_name},"
    "{'k': 'vcpu', 'v': cores::varchar}], lambda entry: entry.v is not null))",
    "product_instance_family": "case when gpus > 0 then 'GPU instance'"
    " when instance_type is not null then 'General purpose' end",
    "product_instance_type": "instance_type",
    "product_location": "case when region is not null then 'US East (N. Virginia)' end",
    "product_location_type": "case when region is not null then 'AWS Region' end",
    "product_operation": "operation",
    "product_pricing_unit": "unit",
    "product_product_family": "product_family",
    "product_region_code": "region",
    "product_servicecode": "product_code",
    "product_sku": "case when usage_type is not null then upper(substr(md5(usage_type), 1, 16)) end",
    "product_usagetype": "usage_type",
    "resource_tags": "coalesce(lines.tags, map {})",
    "savings_plan_end_time": "case when plan_arn is not null then '2027-03-14T00:00:00.000Z' end",
    "savings_plan_offering_type": "case when plan_arn is not null then 'ComputeSavingsPlans' end",
    "savings_plan_payment_option": "case when plan_arn is not null then 'No Upfront' end",
    "savings_plan_purchase_term": "case when plan_arn is not null then '1yr' end",
    "savings_plan_recurring_commitment_for_billing_period": "to_double(plan_total)",
    "savings_plan_amortized_upfront_commitment_for_billing_period": "case when plan_total is not null then 0 end",
    "savings_plan_region": "case when plan_arn is not null then 'Any' end",
    "savings_plan_savings_plan_a_r_n": "plan_arn",
    "savings_plan_savings_plan_effective_cost": "to_double(plan_effective)",
    "savings_plan_savings_plan_rate": "to_double(plan_rate)",
    "savings_plan_start_time": "case when plan_arn is not null then '2026-03-14T00:00:00.000Z' end",
    "savings_plan_total_commitment_to_date": "to_double(plan_total)",
    "savings_plan_used_commitment": "to_double(plan_used)",
    "tags": "map {}",
}


class AwsDelivery(NamedTuple):
    """One execution of the export for one billing period."""

    period: str
    number: int
    execution_id: str
    is_first_draft: bool
    is_live: bool


def deliveries(months: tuple[str, ...], restated: bool) -> tuple[AwsDelivery, ...]:
    """Every execution in order. The first month has a first draft and, where `restated`, a second execution."""
    found: list[AwsDelivery] = []
    for month in months:
        is_first = month == months[0]
        if is_first:
            found.append(AwsDelivery(month, 1, _execution_id(month, 2), is_first_draft=True, is_live=not restated))
        if restated and is_first:
            found.append(AwsDelivery(month, 2, _execution_id(month, 6), is_first_draft=False, is_live=True))
        if not is_first:
            found.append(AwsDelivery(month, 1, _execution_id(month, 2), is_first_draft=False, is_live=True))
    return tuple(found)


def _execution_id(month: str, day: int) -> str:
    return f"{day_after_month(month, day)}T04:{10 + day}:43.{day}37Z-{guid(f'execution|{month}|{day}')}"


def create_delivered_lines(connection: duckdb.DuckDBPyConnection, view: str, where: str, draft: str) -> None:
    """Create `view`: the lines that `where` keeps, those of which `draft` is true as the first delivery has them.

    A first draft lacks lines and counts others in part.
    """
    factor = f"case when {draft} then first_factor else 1.0 end"
    scaled = ", ".join(
        f"({column} * {factor})::decimal(18, 10) as {column}" for column in ("amount", "cost", "billed", "effective")
    )
    connection.execute(f"""
        create or replace view {view} as
        select * replace ({scaled}) from aws_lines
        where {where} and {factor} is not null
    """)


def write_delivery(
    connection: duckdb.DuckDBPyConnection, export_folder: Path, delivery: AwsDelivery
) -> tuple[int, int]:
    """Write one execution's files and, if it is the live one, the manifest that names them; returns rows and files."""
    create_delivered_lines(
        connection, "aws_delivery", f"period = '{delivery.period}'", "true" if delivery.is_first_draft else "false"
    )
    connection.execute("""
        create or replace table aws_numbered as
        select *, row_number() over (order by usage_start, line_key) - 1 as line_no from aws_delivery
    """)
    rows = count(connection, "aws_numbered")
    # two files at least: a reader that takes the last file only must be seen
    rows_per_file = min(ROWS_PER_FILE, rows // 2 + 1)
    partition = f"BILLING_PERIOD={delivery.period}"
    folder = export_folder / "data" / partition / delivery.execution_id
    folder.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    for first in range(0, rows, rows_per_file):
        name = f"{EXPORT}-{len(names) + 1:05d}.snappy.parquet"
        names.append(f"s3://{BUCKET}/{EXPORT_KEY}/data/{partition}/{delivery.execution_id}/{name}")
        connection.execute(f"""
            copy (
                select {_columns(delivery)}
                from aws_numbered as lines
                inner join periods on periods.period = lines.period
                left join aws_accounts on aws_accounts.account = lines.account
                where line_no between {first} and {first + rows_per_file - 1}
                order by line_no
            ) to {quoted(folder / name)} (format parquet, compression snappy)
        """)
    if delivery.is_live:
        _write_manifest(export_folder / "metadata" / partition / f"{EXPORT}-Manifest.json", delivery, names)
    return rows, len(names)


def _columns(delivery: AwsDelivery) -> str:
    number = f"{delivery.period.replace('-', '')}417"
    filled = _FILLED | {"bill_invoice_id": "null" if delivery.is_first_draft else f"'{number}'"}
    return ", ".join(
        f"({filled.get(name, 'null')})::{aws_columns.type_of(name)} as {name}" for name in aws_columns.NAMES
    )


def _write_manifest(path: Path, delivery: AwsDelivery, names: list[str]) -> None:
    manifest = {
        "executionId": delivery.execution_id,
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{AWS_PAYER}:export/{EXPORT}-{guid(EXPORT)}",
        "contentType": "Parquet",
        "compression": "Parquet",
        "columns": [{"name": name, "type": aws_columns.manifest_type_of(name)} for name in aws_columns.NAMES],
        "dataFiles": names,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
