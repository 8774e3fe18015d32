"""The dbt project as assets: one dbt invocation for all models, behind the comparison of fingerprints.

What the models compute is `dbt_project/`; what counts as an input is `finops_pipeline/fingerprint.py`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from finops_pipeline.checks.results import CheckResult, record_results
from finops_pipeline.fingerprint import (
    Fingerprint,
    compute_fingerprint,
    forget_warehouse_inputs,
    note_warehouse_inputs,
)
from finops_pipeline.metrics_page import metrics_table
from finops_pipeline.progress import NEWS
from finops_pipeline.publish.versions import published_manifest
from finops_pipeline.resources.dbt import DbtCli, current_manifest, dbt_environment, environment
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.settings import Settings

# Unit tests of models prove code, not data: they run in the test suite, not in every refresh.
_BUILD = ["build", "--exclude-resource-type", "unit_test"]


class _Owned(DagsterDbtTranslator):
    """Dagster's own reading of the project, with owners for all models and the metrics that a mart defines."""

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        return super().get_owners(dbt_resource_props) or ["team:finops"]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        metadata = super().get_metadata(dbt_resource_props)
        metrics = metrics_table(dbt_resource_props)
        return {**metadata, "metrics": dg.MetadataValue.md(metrics)} if metrics else metadata


@dbt_assets(manifest=current_manifest(), name="dbt_models", dagster_dbt_translator=_Owned())
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCli, refresh_request: RefreshRequest) -> Iterator[object]:
    """Build every model, unless what is published was made from exactly the same input."""
    settings = refresh_request.settings
    fingerprint = compute_fingerprint(settings, refresh_request.config.model_dump(mode="json"))
    if not refresh_request.rebuild and _is_published(settings, fingerprint, context):
        return

    forget_warehouse_inputs(settings.home)
    target = settings.home / "dbt"
    (target / "run_results.json").unlink(missing_ok=True)
    with environment(dbt_environment(settings)):
        invocation = dbt.cli(_BUILD, context=context, target_path=target)
    yield from _stream(invocation, context, settings)
    note_warehouse_inputs(settings.home, fingerprint)


def _is_published(settings: Settings, fingerprint: Fingerprint, context: dg.AssetExecutionContext) -> bool:
    published = published_manifest(settings.marts)
    if published and published.get("fingerprint") == fingerprint.digest:
        context.log.info(f"Nothing new since {published.get('version')}: nothing is rebuilt or published.", extra=NEWS)
        return True
    changes = fingerprint.changes_since(published.get("inputs", {})) if published else []
    reason = (
        f"Changed since {published.get('version')}: {', '.join(changes) or 'nothing'}." if published else "First run."
    )
    context.log.info(reason, extra=NEWS)
    return False


def _stream(invocation: DbtCliInvocation, context: dg.AssetExecutionContext, settings: Settings) -> Iterator[object]:
    """Hand dbt's events to Dagster one by one, keeping every test result as it comes."""
    try:
        for event in invocation.stream():
            if isinstance(event, dg.AssetCheckResult):
                record_results(settings.check_results, [_result(event, context.run.run_id, settings)])
            yield event
    except DagsterDbtCliRuntimeError as error:
        raise dg.Failure(_what_failed(invocation.target_path, error), allow_retries=False) from None


def _result(check: dg.AssetCheckResult, run_id: str, settings: Settings) -> CheckResult:
    failed_rows = check.metadata.get("dagster_dbt/failed_row_count")
    return CheckResult(
        check_name=check.check_name or "",
        subject=check.asset_key.to_user_string() if check.asset_key else "",
        severity=check.severity.value.lower(),
        passed=check.passed,
        observed=f"failing rows: {failed_rows.value if failed_rows else 0}",
        expected="failing rows: 0",
        run_id=run_id,
        checked_at=settings.now.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds"),
    )


def _what_failed(target: Path, error: DagsterDbtCliRuntimeError) -> str:
    """What failed, from dbt's own results: each model with its error, the tests by name. Else dbt's output."""
    results = target / "run_results.json"
    if not results.exists():
        return f"dbt stopped before it built anything: {error}"
    models, tests = [], []
    for result in json.loads(results.read_text(encoding="utf-8"))["results"]:
        kind, _, name = result["unique_id"].split(".", 2)
        if result["status"] == "fail":
            tests.append(name.split(".")[0])
        elif result["status"] in ("error", "runtime error"):
            models.append(f"{kind} {name}: {' '.join(str(result.get('message')).split())[:500]}")
    failed = [*models, f"tests failed: {', '.join(tests)}"] if tests else models
    return f"dbt {'; '.join(failed)}. Details: {target / 'dbt.log'}"
