"""One asset per landed table, `raw/<table>`, present whether or not `finops.yaml` configures it.

Finding, verifying and landing deliveries is `finops_pipeline/extract/`; this file only gives it a place in Dagster.
"""

import dagster as dg

from finops_pipeline.extract.deliveries import Total
from finops_pipeline.extract.refresh import ExtractResult, extract_table
from finops_pipeline.progress import MOMENT, NEWS
from finops_pipeline.resources.refresh_request import RefreshRequest

BILLING_TABLES = {
    "aws_cur2": ("aws", "AWS Cost and Usage Report 2.0 line items of the live deliveries, as delivered."),
    "aws_cur1": ("aws", "AWS legacy Cost and Usage Report line items of the live deliveries, as delivered."),
    "aws_focus": ("aws", "AWS FOCUS charges of the live deliveries, as delivered."),
    "gcp_detailed": ("gcp", "Google Cloud detailed billing export rows of the live deliveries, as delivered."),
    "gcp_standard": ("gcp", "Google Cloud standard billing export rows of the live deliveries, as delivered."),
    "gcp_focus": ("gcp", "Google Cloud FOCUS charges of the live deliveries, as delivered."),
    "azure_cost_details": ("azure", "Azure actual and amortized cost details of the live deliveries, as delivered."),
    "azure_focus": ("azure", "Azure FOCUS charges of the live deliveries, as delivered."),
    "other_focus": ("csv", "FOCUS charges of other vendors' live deliveries, as delivered."),
}
"""Billing exports by table name: the provider and what a row is."""

USAGE_TABLES = {
    "gpu_hours": "GPU-hours requested and used, by cluster, node and workload.",
    "gpu_capacity": "GPU-hours a cluster had, where the bill cannot say.",
    "compute_hours": "Core-hours and memory-hours requested, by cluster and workload.",
    "storage_bytes": "Byte-hours stored, by day, bucket and dataset.",
    "storage_access": "Requests to stored data, by day, bucket and dataset.",
    "inference": "Inference requests, by model and endpoint.",
    "tokens": "Tokens in and out, by model and endpoint.",
    "training_runs": "Training runs with their epochs and GPU-hours.",
    "jobs": "Jobs run, by day and service.",
    "api_calls": "API calls, by day and service.",
    "driver": "Any other cost driver: a quantity by day and pool.",
    "business_metric": "Business metrics, by day and entity.",
}
"""Usage feeds by kind, which is also the table's name: what a row is."""


def _landed_table(table: str, description: str, kinds: set[str]) -> dg.AssetsDefinition:
    @dg.asset(key=["raw", table], group_name="extract", owners=["team:finops"], kinds=kinds, description=description)
    def landed(context: dg.AssetExecutionContext, refresh_request: RefreshRequest) -> dg.MaterializeResult:
        def report(text: str) -> None:
            # A feed is many small files, a bill few large ones: only the latter are worth a line each.
            context.log.info(text, extra=NEWS if table in BILLING_TABLES else MOMENT)

        result = extract_table(table, refresh_request.config, refresh_request.settings, refresh_request.window, report)
        for line in result.gone:
            context.log.info(line, extra=NEWS)
        if result.failures:
            # Every source was tried before this line; one message for each that failed, and no stack to scroll past.
            messages = [str(failure) for failure in result.failures]
            raise dg.Failure("\n".join(messages), metadata={"failures": messages}, allow_retries=False)
        return dg.MaterializeResult(metadata=_metadata(result))

    return landed


def _metadata(result: ExtractResult) -> dict[str, dg.MetadataValue]:
    deliveries = [*result.landed, *result.unchanged]
    note = f"{len(result.landed)} landed, {len(result.unchanged)} unchanged"
    if not deliveries:
        note = "; ".join(result.not_delivered) or "Not configured: the table has its columns and no rows."
    return {
        "dagster/row_count": dg.MetadataValue.int(result.rows),
        "totals": dg.MetadataValue.text(", ".join(map(_total, result.totals)) or "none"),
        "deliveries": dg.MetadataValue.text(", ".join(sorted(d.delivery_id for d in deliveries)) or "none"),
        "note": dg.MetadataValue.text(note),
    }


def _total(total: Total) -> str:
    return f"{total.raw_cost + total.beyond_scale:f} {total.billing_currency} {total.cost_basis}"


@dg.definitions
def landed_tables() -> dg.Definitions:
    """The assets of all landed tables."""
    bills = [
        _landed_table(table, description, {"python", provider, "parquet"})
        for table, (provider, description) in BILLING_TABLES.items()
    ]
    feeds = [_landed_table(table, description, {"python", "parquet"}) for table, description in USAGE_TABLES.items()]
    return dg.Definitions(assets=[*bills, *feeds])
