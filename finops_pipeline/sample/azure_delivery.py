"""How the sample company's Azure rows are delivered: runs of two cost-details exports, actual and amortized.

Each run has its own folder with compressed CSV parts in the dialect of enterprise agreements (byte order mark,
MM/DD/YYYY, tags without braces) and a manifest.json. What the rows say is `azure_cost_details.py`.
"""

import json
from pathlib import Path
from typing import NamedTuple

import duckdb

from finops_pipeline.sample.company import AZURE_ENROLLMENT, COMPANY
from finops_pipeline.sample.files import count, day_after_month, first_day, first_day_after, guid, gzip_file, quoted

CONTAINER, ROOT_FOLDER = "billing", "exports"
EXPORT_TYPES = {"actual": "ActualCost", "amortized": "AmortizedCost"}
ROWS_PER_FILE = 250_000

# The order of a real file; the camelCase at the end is Microsoft's own.
_COLUMNS = {
    "BillingAccountId": f"'{AZURE_ENROLLMENT}'",
    "BillingAccountName": f"'{COMPANY}'",
    "BillingPeriodStartDate": "strftime(month_start, '%m/%d/%Y')",
    "BillingPeriodEndDate": "strftime(next_month_start - 1, '%m/%d/%Y')",
    "BillingProfileId": f"'{AZURE_ENROLLMENT}'",
    "BillingProfileName": f"'{COMPANY}'",
    "AccountOwnerId": "case when subscription is not null then 'cloud-admin@acme.example' end",
    "AccountName": "case when subscription is not null then 'Acme AI' end",
    "SubscriptionId": "case when subscription is not null then guid_of(subscription || cell) end",
    "SubscriptionName": "in_cell(subscription, cell)",
    "Date": "strftime(day, '%m/%d/%Y')",
    "Product": "product",
    "PartNumber": "case when meter_name is not null then 'AAA-' || (10000 + ('0x' || substr(md5(meter_name), 1, 6))"
    "::bigint % 90000) end",
    "MeterId": "case when meter_name is not null then guid_of('meter' || meter_name) end",
    "ServiceFamily": "service_family",
    "MeterCategory": "meter_category",
    "MeterSubCategory": "meter_subcategory",
    "MeterRegion": "meter_region",
    "MeterName": "meter_name",
    "Quantity": "as_text(quantity)",
    "EffectivePrice": "as_text({price})",
    "Cost": "as_text({cost})",
    "UnitPrice": "as_text(list_price)",
    "BillingCurrency": "'USD'",
    "ResourceLocation": "location",
    "AvailabilityZone": "null",
    "ConsumedService": "consumed_service",
    "ResourceId": "case when resource_path is not null then '/subscriptions/' || guid_of(subscription || cell)"
    " || '/resourceGroups/' || resource_group || '/providers/' || resource_path else reservation end",
    "ResourceName": "resource_name",
    "ServiceInfo1": "null",
    "ServiceInfo2": "case when meter_category = 'Virtual Machines' then 'Canonical' end",
    "AdditionalInfo": "additional_info",
    "Tags": "array_to_string(list_transform(tags, lambda tag: '\"' || tag.key || '\": \"' || tag.value || '\"'), ',')",
    "InvoiceSectionId": "null",
    "InvoiceSection": "'AI'",
    "CostCenter": "case when subscription is not null then 'AI9000' end",
    "UnitOfMeasure": "unit",
    "ResourceGroup": "resource_group",
    "ReservationId": "split_part(reservation, '/', 7)",
    "ReservationName": "case when reservation is not null then 'VM_RI_03-14-2026_09-26' end",
    "ProductOrderId": "split_part(reservation, '/', 5)",
    "ProductOrderName": "case when reservation is not null"
    " then 'Reserved VM Instance, Standard_ND96isr_H100_v5, EU West, 1 Year' end",
    "OfferId": "case when subscription is not null then 'MS-AZR-0017P' end",
    "IsAzureCreditEligible": "'True'",
    "Term": "term",
    "PublisherName": "'Microsoft'",
    "PlanName": "null",
    "ChargeType": "charge_type",
    "Frequency": "frequency",
    "PublisherType": "'Azure'",
    "PayGPrice": "as_text(list_price)",
    "PricingModel": "pricing_model",
    "CostAllocationRuleName": "null",
    "benefitId": "reservation",
    "benefitName": "case when reservation is not null then 'VM_RI_03-14-2026_09-26' end",
}


class AzureRun(NamedTuple):
    """One run of both exports for one month; every run has its own folder and the newest is the truth."""

    period: str
    number: int
    day: int
    is_first_draft: bool
    is_live: bool


def runs(months: tuple[str, ...], restated: bool) -> tuple[AzureRun, ...]:
    """Every run in order. The first month has a first draft and, where `restated`, a second run."""
    found: list[AzureRun] = []
    for month in months:
        is_first = month == months[0]
        if is_first:
            found.append(AzureRun(month, 1, 1, is_first_draft=True, is_live=not restated))
        if restated and is_first:
            found.append(AzureRun(month, 2, 5, is_first_draft=False, is_live=True))
        if not is_first:
            found.append(AzureRun(month, 1, 2, is_first_draft=False, is_live=True))
    return tuple(found)


def create_delivered_lines(connection: duckdb.DuckDBPyConnection, view: str, where: str, draft: str) -> None:
    """Create `view`: the rows that `where` keeps, those of which `draft` is true as the first run has them.

    A first draft lacks rows and counts others in part.
    """
    factor = f"case when {draft} then first_factor else 1.0 end"
    scaled = ", ".join(
        f"({column} * {factor})::decimal(18, 10) as {column}" for column in ("actual_cost", "amortized_cost")
    )
    connection.execute(f"""
        create or replace view {view} as
        select * replace ({scaled}, (quantity * {factor})::decimal(28, 10) as quantity) from azure_lines
        where {where} and {factor} is not null
    """)


def run_id(run: AzureRun, export: str) -> str:
    """The run's GUID."""
    return guid(f"{export}|{run.period}|{run.number}")


def write_run(
    connection: duckdb.DuckDBPyConnection, container: Path, run: AzureRun, export: str, scratch: Path
) -> tuple[int, int]:
    """Write one run of one export (`actual` or `amortized`): parts, then the manifest; returns rows and files."""
    cost, price = (f"{export}_cost", "price" if export == "actual" else "amortized_price")
    # Microsoft prints plain decimals without trailing zeros, and scientific notation below a ten-thousandth
    connection.execute("""
        create or replace macro as_text(amount) as
            case when amount > 0 and amount < 0.0001
                then replace(to_double(amount)::varchar, 'e', 'E')
                else rtrim(rtrim(amount::decimal(28, 10)::varchar, '0'), '.')
            end
    """)
    create_delivered_lines(
        connection, "azure_run", f"period = '{run.period}'", "true" if run.is_first_draft else "false"
    )
    connection.execute(f"""
        create or replace table azure_numbered as
        select *, row_number() over (order by day, line_key) - 1 as line_no from azure_run where {cost} is not null
    """)
    rows = count(connection, "azure_numbered")
    start, end = first_day(run.period), first_day_after(run.period)
    last = end.fromordinal(end.toordinal() - 1)
    submitted = day_after_month(run.period, run.day)
    path = (
        f"{ROOT_FOLDER}/{export}/{start:%Y%m%d}-{last:%Y%m%d}/{submitted:%Y%m%d}"
        f"{'0430' if export == 'actual' else '0445'}/{run_id(run, export)}"
    )
    (container / path).mkdir(parents=True, exist_ok=True)
    selected = ", ".join(
        f'({sql.replace("{cost}", cost).replace("{price}", price)})::varchar as "{name}"'
        for name, sql in _COLUMNS.items()
    )
    rows_per_file = min(ROWS_PER_FILE, rows // 2 + 1)
    blobs: list[dict[str, object]] = []
    for first in range(0, rows, rows_per_file):
        name = f"{path}/part_{len(blobs)}_0001.csv.gz"
        plain = scratch / "part.csv"
        connection.execute(f"""
            copy (
                select {selected}
                from azure_numbered inner join periods on periods.period = azure_numbered.period
                where line_no between {first} and {first + rows_per_file - 1} order by line_no
            ) to {quoted(plain)} (format csv, header false)
        """)
        size = gzip_file(plain, container / name, prefix=b"\xef\xbb\xbf" + ",".join(_COLUMNS).encode() + b"\n")
        blobs.append(
            {"blobName": name, "byteCount": size, "dataRowCount": min(rows_per_file, rows - first)},
        )
    manifest = _manifest(run, export, f"{submitted}T04:{'30' if export == 'actual' else '45'}", str(start), str(last))
    manifest |= {
        "byteCount": sum(int(str(blob["byteCount"])) for blob in blobs),
        "blobCount": len(blobs),
        "dataRowCount": rows,
        "blobs": blobs,
    }
    (container / path / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return rows, len(blobs)


def _manifest(run: AzureRun, export: str, submitted: str, start: str, last: str) -> dict[str, object]:
    scope = f"/providers/Microsoft.Billing/billingAccounts/{AZURE_ENROLLMENT}"
    return {
        "manifestVersion": "2024-04-01",
        "byteCount": 0,
        "blobCount": 0,
        "dataRowCount": 0,
        "exportConfig": {
            "exportName": export,
            "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/{export}",
            "dataVersion": "2021-10-01",
            "apiVersion": "2025-03-01",
            "type": EXPORT_TYPES[export],
            "timeFrame": "MonthToDate" if run.is_first_draft else "TheLastMonth",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv",
            "compressionMode": "Gzip",
            "containerUri": f"/subscriptions/{guid('sub-data0')}/resourceGroups/rg-finops/providers"
            f"/Microsoft.Storage/storageAccounts/acmebilling/blobServices/default/containers/{CONTAINER}",
            "rootFolderPath": ROOT_FOLDER,
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{submitted}:06.5234447Z",
            "runId": run_id(run, export),
            "startDate": f"{start}T00:00:00",
            "endDate": f"{last}T00:00:00Z",
        },
        "blobs": [],
    }
