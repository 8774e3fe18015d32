"""The dbt project as assets: one dbt invocation for all models, behind the comparison of fingerprints.

What the models compute is `dbt_project/`; what counts as an input is `finops_pipeline/fingerprint.py`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from finops_pipeline.checks.failing_rows import failing_subjects
from finops_pipeline.checks.results import NO_FAILING_ROWS, CheckResult, record_results
from finops_pipeline.dbt_test_texts import described, next_step
from finops_pipeline.errors import FinopsError
from finops_pipeline.fingerprint import (
    Fingerprint,
    compute_fingerprint,
    forget_warehouse_inputs,
    note_warehouse_inputs,
)
from finops_pipeline.metrics_page import metrics_table
from finops_pipeline.progress import NEWS
from finops_pipeline.publish.results_alone import checks_that_say_otherwise, publish_results_alone
from finops_pipeline.publish.versions import published_manifest, version_name
from finops_pipeline.resources.dbt import DbtCli, current_manifest, dbt_environment, environment
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.resources.warehouse import open_warehouse
from finops_pipeline.settings import Settings

# Unit tests of models prove code, not data: they run in the test suite, not in every refresh.
_BUILD = ["build", "--exclude-resource-type", "unit_test"]


class _Owned(DagsterDbtTranslator):
    """Dagster's own reading of the project, with owners for all models, metrics of marts and claims of tests."""

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        return super().get_owners(dbt_resource_props) or ["team:finops"]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        metadata = super().get_metadata(dbt_resource_props)
        metrics = metrics_table(dbt_resource_props)
        return {**metadata, "metrics": dg.MetadataValue.md(metrics)} if metrics else metadata

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        test = manifest["nodes"][unique_id]
        return spec and spec._replace(
            description=described(test), metadata={**spec.metadata, "next step": next_step(test)}
        )


@dbt_assets(manifest=current_manifest(), name="dbt_models", dagster_dbt_translator=_Owned())
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCli, refresh_request: RefreshRequest) -> Iterator[object]:
    """Build every model, unless what is published was made from exactly the same input."""
    settings = refresh_request.settings
    fingerprint = compute_fingerprint(settings, refresh_request.config.model_dump(mode="json"))
    if not refresh_request.rebuild and (published := _published(settings, fingerprint, context)):
        _publish_other_verdicts(settings, published, context)
        return

    forget_warehouse_inputs(settings.home)
    target = settings.home / "dbt"
    (target / "run_results.json").unlink(missing_ok=True)
    # Charges of months that were delivered as they are now are kept, unless everything is to be built anew.
    kept = {"FINOPS_MADE_WITH": fingerprint.made_with, "FINOPS_REBUILD": "yes" if refresh_request.rebuild else ""}
    with environment({**dbt_environment(settings), **kept}):
        invocation = dbt.cli(_BUILD, context=context, target_path=target)
    yield from _stream(invocation, context, settings)
    note_warehouse_inputs(settings.home, fingerprint)


def _published(
    settings: Settings, fingerprint: Fingerprint, context: dg.AssetExecutionContext
) -> Mapping[str, Any] | None:
    """The current version's manifest, if it was made from exactly this input."""
    published = published_manifest(settings.marts)
    if published and published.get("fingerprint") == fingerprint.digest:
        context.log.info(f"Nothing new since {published['version']}: nothing is rebuilt.", extra=NEWS)
        return published
    changes = fingerprint.changes_since(published.get("inputs", {})) if published else []
    reason = (
        f"Changed since {published.get('version')}: {', '.join(changes) or 'nothing'}." if published else "First run."
    )
    context.log.info(reason, extra=NEWS)
    return None


def _publish_other_verdicts(
    settings: Settings, published: Mapping[str, Any], context: dg.AssetExecutionContext
) -> None:
    """Here, and not in the asset `marts/current`: nothing is built, so Dagster skips all that comes after the models.

    The checks on deliveries have been evaluated (`recorded.py`), and no step comes after this one that could fail.
    """
    run_id = context.run.run_id
    checks = checks_that_say_otherwise(settings.check_results, run_id, published)
    if not checks:
        return
    context.log.info(f"Checks say otherwise than when it was published: {', '.join(checks)}.", extra=NEWS)
    facts = {
        "version": version_name(settings.now, run_id),
        "run_id": run_id,
        "published_at": settings.now.isoformat(),
    }
    version = publish_results_alone(settings.marts, settings.check_results, published, facts, tell=context.log.info)
    context.log_event(
        dg.AssetMaterialization(
            ["marts", "current"], metadata={"path": dg.MetadataValue.path(str(version)), "checks": ", ".join(checks)}
        )
    )


def _stream(invocation: DbtCliInvocation, context: dg.AssetExecutionContext, settings: Settings) -> Iterator[object]:
    """Hand dbt's events to Dagster one by one, keeping every test result as it comes."""
    failed: dict[str, CheckResult] = {}
    try:
        for event in invocation.stream():
            if isinstance(event, dg.AssetCheckResult):
                result = _result(event, context, settings)
                record_results(settings.check_results, [result])
                if not result.passed:
                    failed[str(event.metadata["unique_id"].value)] = result
            yield event
    except DagsterDbtCliRuntimeError as error:
        _record_subjects(failed, invocation.target_path, context, settings)
        raise dg.Failure(_what_failed(invocation.target_path, error), allow_retries=False) from None
    _record_subjects(failed, invocation.target_path, context, settings)


def _record_subjects(
    failed: Mapping[str, CheckResult], target: Path, context: dg.AssetExecutionContext, settings: Settings
) -> None:
    """Add what the rows that fail a test are of. A test that cannot be asked again keeps its verdict on the whole."""
    if not failed:
        return
    try:
        with open_warehouse(settings.warehouse) as warehouse:
            for result in _results(target):
                if (whole := failed.get(result["unique_id"])) and result.get("compiled_code"):
                    record_results(settings.check_results, failing_subjects(warehouse, whole, result["compiled_code"]))
    except (duckdb.Error, FinopsError, OSError, ValueError) as error:
        context.log.warning(f"The rows that fail tests could not be looked up: {error}")


def _result(check: dg.AssetCheckResult, context: dg.AssetExecutionContext, settings: Settings) -> CheckResult:
    spec = next(spec for spec in context.assets_def.check_specs if spec.name == check.check_name)
    failed_rows = check.metadata.get("dagster_dbt/failed_row_count")
    return CheckResult(
        check_name=check.check_name or "",
        subject=check.asset_key.to_user_string() if check.asset_key else "",
        severity=check.severity.value.lower(),
        passed=check.passed,
        observed=f"failing rows: {failed_rows.value if failed_rows else 0}",
        expected=NO_FAILING_ROWS,
        run_id=context.run.run_id,
        checked_at=settings.now.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds"),
        next_step=None if check.passed else spec.metadata["next step"],
    )


def _results(target: Path) -> list[dict[str, Any]]:
    return json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]


def _what_failed(target: Path, error: DagsterDbtCliRuntimeError) -> str:
    """What failed, from dbt's own results: each model with its error, the tests by name. Else dbt's output."""
    if not (target / "run_results.json").exists():
        return f"dbt stopped before it built anything: {error}"
    models, tests = [], []
    for result in _results(target):
        kind, _, name = result["unique_id"].split(".", 2)
        if result["status"] == "fail":
            tests.append(name.split(".")[0])
        elif result["status"] in ("error", "runtime error"):
            models.append(f"{kind} {name}: {' '.join(str(result.get('message')).split())[:500]}")
    failed = [*models, f"tests failed: {', '.join(tests)}"] if tests else models
    return f"dbt {'; '.join(failed)}. Details: {target / 'dbt.log'}"
