"""What extraction must know of each billing dataset: how its deliveries are found, and which columns carry its money.

One entry per landed table. A new dataset is a reader module, an entry here and a column list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from duckdb import DuckDBPyConnection

from finops_pipeline.config import Source
from finops_pipeline.extract import aws_data_exports, aws_legacy_cur, azure_columns, azure_cost_exports, focus_files
from finops_pipeline.extract.amounts import (
    Components,
    aws_components,
    azure_components,
    focus_components,
    gcp_components,
)
from finops_pipeline.extract.azure_manifests import ACTUAL, AMORTIZED
from finops_pipeline.extract.manifests import Found
from finops_pipeline.extract.reading import Relation
from finops_pipeline.extract.transport.protocol import Transport

_GCP_REQUIRED = (
    ("billing_account_id",),
    ("invoice",),
    ("export_time",),
    ("usage_start_time",),
    ("currency",),
    ("cost",),
    ("credits",),
)
_FOCUS_REQUIRED = (
    ("BilledCost",),
    ("EffectiveCost",),
    ("BillingCurrency",),
    ("ChargePeriodStart",),
    ("ChargeCategory",),
)


@dataclass(frozen=True)
class Dataset:
    """A billing dataset. `list_offers` is None where the data files must be read to know (GCP table dumps)."""

    components: dict[str, Components]
    """Which amounts count, by variant."""
    required: tuple[tuple[str, ...], ...]
    """Columns without which a bill cannot be accounted; of each group one must be delivered."""
    list_offers: Callable[[Transport, Source], Found] | None = None
    net_column: tuple[str, ...] = ()
    """The column that decides between net and gross amounts, once per delivery."""
    variants: tuple[str, ...] = field(default=("",))
    named: Callable[[Relation], Relation] = field(default=lambda found: found)
    """The delivered columns under the names that everything else knows."""
    require_month: Callable[[DuckDBPyConnection, Sequence[Path], str], None] = field(default=lambda *_: None)
    """Raises where landed rows are of another month than their delivery: where people, not a provider, sort them."""


DATASETS: dict[str, Dataset] = {
    "aws_cur2": Dataset(
        components={"": aws_components},
        required=(
            ("bill_payer_account_id",),
            ("line_item_line_item_type",),
            ("line_item_usage_start_date",),
            ("line_item_currency_code",),
            ("line_item_unblended_cost",),
        ),
        list_offers=aws_data_exports.list_offers,
        net_column=("line_item_net_unblended_cost",),
    ),
    "aws_cur1": Dataset(
        components={"": aws_components},
        required=(
            ("bill/PayerAccountId", "bill_payer_account_id"),
            ("lineItem/LineItemType", "line_item_line_item_type"),
            ("lineItem/UsageStartDate", "line_item_usage_start_date"),
            ("lineItem/CurrencyCode", "line_item_currency_code"),
            ("lineItem/UnblendedCost", "line_item_unblended_cost"),
        ),
        list_offers=aws_legacy_cur.list_offers,
        net_column=("lineItem/NetUnblendedCost", "line_item_net_unblended_cost"),
    ),
    "aws_focus": Dataset(
        components={"": focus_components},
        required=_FOCUS_REQUIRED,
        list_offers=aws_data_exports.list_offers,
    ),
    "gcp_detailed": Dataset(components={"": gcp_components}, required=_GCP_REQUIRED),
    "gcp_standard": Dataset(components={"": gcp_components}, required=_GCP_REQUIRED),
    "gcp_focus": Dataset(components={"": focus_components}, required=(*_FOCUS_REQUIRED, ("x_ExportTime",))),
    "azure_cost_details": Dataset(
        components={ACTUAL: azure_components("billed"), AMORTIZED: azure_components("effective")},
        required=(
            ("Date", "UsageDateTime"),
            ("MeterCategory",),
            ("BillingCurrency", "BillingCurrencyCode", "Currency"),
            ("CostInBillingCurrency", "Cost", "PreTaxCost"),
        ),
        list_offers=azure_cost_exports.list_offers,
        variants=(ACTUAL, AMORTIZED),
        named=azure_columns.in_english,
    ),
    "azure_focus": Dataset(
        components={"": focus_components},
        required=_FOCUS_REQUIRED,
        list_offers=azure_cost_exports.list_offers,
    ),
    "other_focus": Dataset(
        components={"": focus_components},
        required=_FOCUS_REQUIRED,
        list_offers=focus_files.list_offers,
        require_month=focus_files.require_month,
    ),
}
