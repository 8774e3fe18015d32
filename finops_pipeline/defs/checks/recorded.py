"""How a query becomes an asset check whose every verdict is kept. Defines no check itself."""

import traceback
from collections.abc import Callable

import dagster as dg

from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.checks.results import record_results, results_of
from finops_pipeline.resources.refresh_request import RefreshRequest

Query = Callable[[RefreshRequest], CheckOutcome]

# Publishing turns the recorded verdicts into a mart, so warnings are evaluated before it although it does not wait
# for them: of all steps that could run, the in-process executor takes the one with the highest priority.
_BEFORE_PUBLISH = {"dagster/priority": "1"}


def recorded_check(query: Query, *, asset: list[str], blocking: bool) -> dg.AssetChecksDefinition:
    """An asset check named and described by its query.

    A blocking check that fails stops everything downstream of its asset. A warning never does: not when it fails, and
    not when its own query breaks, which counts as a failed warning.
    """
    severity = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN

    @dg.asset_check(
        asset=dg.AssetKey(asset),
        name=query.__name__,
        description=" ".join((query.__doc__ or "").split()),
        blocking=blocking,
        op_tags=_BEFORE_PUBLISH,
    )
    def check(context: dg.AssetCheckExecutionContext, refresh_request: RefreshRequest) -> dg.AssetCheckResult:
        outcome, trace = _evaluate(query, refresh_request)
        results = results_of(
            outcome,
            check_name=query.__name__,
            subject="/".join(asset),
            severity=severity.value.lower(),
            run_id=context.run.run_id,
            checked_at=refresh_request.settings.now,
        )
        record_results(refresh_request.settings.check_results, results)
        if trace:
            context.log.warning(trace)
        return dg.AssetCheckResult(
            passed=outcome.passed,
            severity=severity,
            description=outcome.summary(),
            metadata={
                "observed": outcome.observed,
                "expected": outcome.expected,
                "worst offenders": dg.MetadataValue.md(outcome.as_markdown()),
                "next step": outcome.next_step,
                # a number is what the page plots over time
                "offenders": len(outcome.offenders),
                **{title: _shown(text) for title, text in outcome.details.items()},
            },
        )

    return check


def _shown(text: str) -> dg.MetadataValue:
    """Markdown stands behind a click; what is one line need not."""
    return dg.MetadataValue.md(text) if "\n" in text else dg.MetadataValue.text(text)


def _evaluate(query: Query, request: RefreshRequest) -> tuple[CheckOutcome, str | None]:
    """The outcome; a query that breaks has not shown its claim to be true, so it counts as a failure."""
    try:
        return query(request), None
    except Exception as error:
        outcome = CheckOutcome.broken(error)
        return outcome, traceback.format_exc()
