"""The company's own words beside its bills, as tables: business metrics, datasets, exchange rates, budgets, tag policy.

What may be said is `finops_pipeline/side_files/`.
"""

import dagster as dg

from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.side_files.amortization import write_prepayment_table
from finops_pipeline.side_files.budgets import write_budget_table
from finops_pipeline.side_files.datasets import write_dataset_table
from finops_pipeline.side_files.fx_rates import write_fx_table
from finops_pipeline.side_files.invoices import write_invoice_table
from finops_pipeline.side_files.metrics import write_metric_tables
from finops_pipeline.side_files.ownership import write_ownership_table
from finops_pipeline.side_files.tag_policy import write_tag_policy_table
from finops_pipeline.side_files.vendors import vendors_of, write_vendor_table

_TABLES = {
    "metrics": "Business metrics: which part of the ledger stands over which quantity, on which basis, split how.",
    "model_alternatives": "What a self-hosted model could be replaced with, and at which price.",
    "fx_rates": "The exchange rate that holds on each day, by currency, with its source.",
    "datasets": "Where each dataset lies, who answers for it and how many days it may stay.",
    "vendors": "What the vendors of other sources are called.",
    "prepayments": "Prepaid capacity: which purchases, for how long, and which usage has it.",
    "ownership_rules": "Whose charges are whose where their tags do not say, on which days.",
    "budgets": "Budgets: whose, for which part of the ledger or which tag, how much in each period, when to warn.",
    "tag_policy": "The keys that charges should be tagged with: spellings, allowed values, limits, owners.",
    "invoices": "What the providers have invoiced, by source, month and currency.",
}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw", table],
            description=description,
            group_name="extract",
            owners=["team:finops"],
            kinds={"python", "yaml", "parquet"},
        )
        for table, description in _TABLES.items()
    ]
)
def side_tables(refresh_request: RefreshRequest):
    """What the company says beside its bills, so that SQL can join it."""
    landing = refresh_request.settings.landing
    write_metric_tables(refresh_request.metrics, landing)
    write_dataset_table(refresh_request.datasets, landing)
    write_vendor_table(vendors_of(refresh_request.config), landing)
    write_prepayment_table(refresh_request.amortization, landing)
    write_ownership_table(refresh_request.ownership, landing)
    write_fx_table(refresh_request.fx_rates, landing)
    write_budget_table(refresh_request.budgets, landing)
    write_tag_policy_table(refresh_request.tag_policy, refresh_request.rules, landing)
    write_invoice_table(refresh_request.invoices, landing, refresh_request.settings.now.date())
    for table in _TABLES:
        yield dg.MaterializeResult(asset_key=["raw", table])
