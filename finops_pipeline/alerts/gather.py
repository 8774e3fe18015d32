"""What there is to tell: the verdicts a run recorded, its failures, and the published anomalies, budgets and waste.

Only reads. Text from bills, feeds and clients passes `redacted` here, once, before it goes anywhere.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import duckdb

from finops_pipeline.alerts.finding import PIPELINE_OWNER, RUN_FAILED, Finding, check_link, run_link, shortened
from finops_pipeline.alerts.marts import ANOMALIES, OfMarts, findings_of_marts
from finops_pipeline.checks.outcome import BROKEN
from finops_pipeline.checks.results import CheckResult, results_of_run
from finops_pipeline.redaction import redacted
from finops_pipeline.settings import Settings

_ANOMALY_ID = re.compile(r"\bid ([0-9a-f]{12})\b")
"""As the check on anomalies tells it."""


@dataclass(frozen=True)
class Gathered:
    """The findings, and the names of all checks that were looked at: what of theirs is not found is over."""

    findings: list[Finding]
    evaluated: frozenset[str]


def gather(
    settings: Settings, *, run_id: str | None, failures: Sequence[str] | None, base: str, secrets: frozenset[str]
) -> Gathered:
    """Everything that holds after a run.

    Args:
        settings: where results and marts are.
        run_id: the run whose verdicts count; without one only the marts are read.
        failures: why the run failed, empty if it did not; None if nobody knows.
        base: the address of Dagster's UI.
        secrets: values that no text may hold.
    """
    results = results_of_run(settings.check_results, run_id) if run_id else []
    findings = [*_failures(failures or (), run_id or "", base), *_failed_checks(results, base)]
    evaluated = {result.check_name for result in results}
    if failures is not None and not failures:
        # Only a run that ended well shows that a failure is over: the next one may word the same fault otherwise.
        evaluated.add(RUN_FAILED)
    database = settings.marts / "current" / "marts.duckdb"
    if database.exists():
        with duckdb.connect(str(database), read_only=True) as marts:
            of_marts = findings_of_marts(marts, settings.now.date(), base)
        findings = [*_beside(findings, of_marts), *of_marts.findings]
        evaluated |= of_marts.evaluated
    return Gathered([_clean(finding, secrets) for finding in findings], frozenset(evaluated))


def _beside(findings: Sequence[Finding], of_marts: OfMarts) -> Iterator[Finding]:
    """The verdicts that no mart tells: of other checks, of one that broke, and anomalies that were held back."""
    for finding in findings:
        number = _ANOMALY_ID.search(finding.told)
        if finding.name not in of_marts.evaluated or finding.subject == BROKEN:
            yield finding
        elif finding.name == ANOMALIES and number and number[1] not in of_marts.anomaly_ids:
            # named as its mart will name it, so that nobody is told again when it is published
            yield replace(finding, key=f"{ANOMALIES}/{number[1]}")


def newest_run(check_results: Path) -> str | None:
    """The run that last recorded a verdict."""
    files = [path for path in check_results.glob("*.jsonl")] if check_results.is_dir() else []
    return max(files, key=lambda path: path.stat().st_mtime_ns).stem if files else None


def _failures(failures: Sequence[str], run_id: str, base: str) -> Iterator[Finding]:
    for failure in failures:
        # The same fault tomorrow has the same first line; numbers and paths behind it may differ.
        subject = shortened(failure.strip().splitlines()[0] if failure.strip() else "no message")
        yield Finding(
            key=f"{RUN_FAILED}/{subject}",
            name=RUN_FAILED,
            severity="error",
            subject=subject,
            told="the published marts are what they were before this run",
            link=run_link(base, run_id),
            next_step="Mend what the run names, then `finops run`.",
        )


def _failed_checks(results: Sequence[CheckResult], base: str) -> Iterator[Finding]:
    """One finding for each subject that offends a check; the check itself where it names none."""
    by_check: dict[str, list[CheckResult]] = {}
    for result in results:
        by_check.setdefault(result.check_name, []).append(result)
    for name, recorded in by_check.items():
        # The first row of a check is its verdict on the whole asset, and the asset its subject.
        whole, parts = recorded[0], [result for result in recorded[1:] if not result.passed]
        if whole.passed:
            continue
        for result in parts or [whole]:
            # who answers stands above what is told to them
            unsigned = replace(result, expected=result.expected.removesuffix(f"; {result.owner} answers"))
            yield Finding(
                key=f"{name}/{result.subject}",
                name=name,
                severity=result.severity,
                subject=result.subject,
                told=unsigned.told,
                owner=result.owner or PIPELINE_OWNER,
                amount=None if result.amount is None else Decimal(result.amount),
                currency=result.billing_currency,
                weight=float(result.amount or 0) or _failing_rows(result.observed),
                link=check_link(base, whole.subject, name),
                next_step=result.next_step,
            )


def _failing_rows(observed: str) -> float:
    """How many rows fail a dbt test: more of them tomorrow is worse. Other checks have no such number."""
    count = observed.removeprefix("failing rows: ")
    return float(count) if count.isdigit() else 0.0


def _clean(finding: Finding, secrets: frozenset[str]) -> Finding:
    def clean(text: str) -> str:
        return shortened(redacted(text, also=secrets))

    return replace(
        finding,
        key=redacted(finding.key, also=secrets),
        subject=clean(finding.subject),
        told=clean(finding.told),
        owner=clean(finding.owner),
    )
