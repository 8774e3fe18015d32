"""The asset `marts/current`: the marts as readers get them, moved in one step after every blocking check.

How a version is written is `finops_pipeline/publish/`. Nothing but alerts may run after this asset, so that exit
code 1 of a run always means that `current` is what it was before.
"""

from typing import Any

import dagster as dg

from finops_pipeline.extract.ledger import read_rows
from finops_pipeline.fingerprint import engine_versions, read_warehouse_inputs
from finops_pipeline.focus import FOCUS_VERSION
from finops_pipeline.progress import MOMENT
from finops_pipeline.publish.database import write_database
from finops_pipeline.publish.marts import totals_by_currency, write_manifest, write_tables
from finops_pipeline.publish.tables import mart_tables
from finops_pipeline.publish.versions import (
    displace_oldest,
    finish_version,
    remove_old_versions,
    start_version,
    version_name,
)
from finops_pipeline.resources.dbt import current_manifest
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.settings import Settings

_MARTS = mart_tables(current_manifest())
_DELIVERY_FACTS = ("table_name", "source_name", "billing_period", "variant", "delivery_id", "identity", "rows")


@dg.asset(
    key=["marts", "current"],
    # Every asset with a blocking check of its own step: a check holds back only what depends on its asset.
    deps=[["raw", "deliveries"], *([mart.name] for mart in _MARTS)],
    group_name="publish",
    owners=["team:finops"],
    kinds={"python", "duckdb", "parquet"},
    op_tags={"dagster/priority": "-1"},
)
def current_marts(context: dg.AssetExecutionContext, refresh_request: RefreshRequest) -> dg.MaterializeResult:
    """The published marts: one immutable version of Parquet files and `marts.duckdb` behind the link `current`.

    Every live delivery is always normalized, whatever months a run was asked for, so a run over a range keeps the
    months that were published before.
    """
    settings = refresh_request.settings
    name = version_name(settings.now, context.run.run_id)
    building = start_version(settings.marts, name)
    inputs = read_warehouse_inputs(settings.home)

    def tell(text: str) -> None:
        context.log.info(text, extra=MOMENT)

    tables = write_tables(
        building,
        settings.warehouse,
        _MARTS,
        settings.check_results,
        settings.parts,
        made_with=inputs["inputs"],
        rebuild=refresh_request.rebuild,
        tell=tell,
    )
    before = None if refresh_request.rebuild else settings.marts / "current"
    database = write_database(building, tables, before, displace_oldest(settings.marts), tell=tell)
    facts = {**inputs, **_facts(building, settings, name, context.run.run_id)}
    write_manifest(building, database, tables, facts)
    version = finish_version(settings.marts, building)
    removed = remove_old_versions(settings.marts)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(version)),
            "dagster/row_count": sum(table.rows for table in tables.values()),
            "tables": dg.MetadataValue.md(
                "\n".join(["| table | rows |", "|---|---:|", *(f"| {n} | {t.rows:,} |" for n, t in tables.items())])
            ),
            "removed versions": ", ".join(removed) or "none",
        }
    )


def _facts(building: Any, settings: Settings, name: str, run_id: str) -> dict[str, Any]:
    ledger = read_rows(settings.landing)
    return {
        "version": name,
        "run_id": run_id,
        "published_at": settings.now.isoformat(),
        "focus_version": FOCUS_VERSION,
        "engines": engine_versions(),
        "totals": totals_by_currency(building),
        "deliveries": [{fact: row[fact] for fact in _DELIVERY_FACTS} for row in ledger if row["status"] == "live"],
    }
