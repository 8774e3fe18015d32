"""The small tables beside the landed data: the ledger of deliveries and the allocation rules.

What a delivery or a rule is stands in `finops_pipeline/extract/` and `finops_pipeline/rules/`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from finops_pipeline.defs.extract.landed_tables import BILLING_TABLES, USAGE_TABLES
from finops_pipeline.extract.ledger import read_rows
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.rules import AllocationRules, write_rule_tables

_DELIVERIES_SHOWN = 50


@dg.asset(
    key=["raw", "deliveries"],
    deps=[["raw", table] for table in (*BILLING_TABLES, *USAGE_TABLES)],
    group_name="extract",
    owners=["team:finops"],
    kinds={"python", "parquet"},
)
def deliveries(refresh_request: RefreshRequest) -> dg.MaterializeResult:
    """The ledger: every delivery ever landed, and which of them are live. Only live deliveries are read downstream."""
    rows = read_rows(refresh_request.settings.landing)
    live = [row for row in rows if row["status"] == "live"]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(rows),
            "live": len(live),
            "live_deliveries": dg.MetadataValue.md(_as_markdown(live)),
        }
    )


def _as_markdown(live: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| source | dataset | period | delivery | rows | totals |", "|---|---|---|---|---:|---|"]
    shown = sorted(live, key=lambda row: (row["provider"] == "usage", row["source_name"], row["billing_period"] or ""))
    for row in shown[:_DELIVERIES_SHOWN]:
        totals = [f"{t['raw_cost']:.2f} {t['billing_currency']} {t['cost_basis']}" for t in row["totals"] or ()]
        dataset = f"{row['dataset']} {row['variant'] or ''}".strip()
        cells = (row["source_name"], dataset, row["billing_period"] or "", row["delivery_id"], f"{row['rows']:,}")
        lines.append(f"| {' | '.join(cells)} | {', '.join(totals)} |")
    if len(shown) > _DELIVERIES_SHOWN:
        lines.append(f"\n… and {len(shown) - _DELIVERIES_SHOWN} more.")
    return "\n".join(lines)


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw", table],
            description=description,
            group_name="extract",
            owners=["team:finops"],
            kinds={"python", "yaml", "parquet"},
        )
        for table, description in {
            "allocation_rules": "The allocation rules in their order; the first that fits a charge decides.",
            "owner_keys": "Which tag keys name which owner column, and which wins.",
        }.items()
    ]
)
def rule_tables(refresh_request: RefreshRequest):
    """The allocation rules as tables, so that SQL can join them."""
    rules = refresh_request.rules
    write_rule_tables(rules, refresh_request.settings.landing)
    shown = {"rule_version": rules.rule_version, "rules": dg.MetadataValue.md(_rules_as_markdown(rules))}
    yield dg.MaterializeResult(asset_key=["raw", "allocation_rules"], metadata=shown)
    yield dg.MaterializeResult(asset_key=["raw", "owner_keys"])


def _rules_as_markdown(rules: AllocationRules) -> str:
    lines = ["| | rule | step | takes | driver | holds |", "|---:|---|---|---|---|---|"]
    for order, rule in enumerate(rules.rules, start=1):
        selected = [*rule.select, *(f"tag {key}" for key in rule.tags)]
        takes = " where ".join(part for part in (rule.pool, ", ".join(selected)) if part)
        holds = f"{rule.valid_from or 'ever'} to {rule.valid_to or 'further notice'}"
        lines.append(f"| {order} | {rule.name} | {rule.kind_of_step} | {takes} | {rule.driver} | {holds} |")
    return "\n".join(lines)
