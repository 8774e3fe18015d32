"""The history of check results: one JSON Lines file a run, appended as each check is evaluated.

It is kept outside the published versions, because a run that fails publishes nothing and is the one people ask
about. Publishing turns the history into the mart `fct_check_results`; nothing here decides whether a check passes.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from finops_pipeline.checks.outcome import OFFENDERS_KEPT, CheckOutcome, Subject

COLUMNS = {
    "check_name": "VARCHAR",
    "subject": "VARCHAR",
    "severity": "VARCHAR",
    "passed": "BOOLEAN",
    "observed": "VARCHAR",
    "expected": "VARCHAR",
    "run_id": "VARCHAR",
    "checked_at": "TIMESTAMP",
    "owner": "VARCHAR",
    "next_step": "VARCHAR",
    "amount": "DECIMAL(38,18)",
    "billing_currency": "VARCHAR",
}
"""Columns of `fct_check_results`, one row per check, subject and run."""


NO_FAILING_ROWS = "failing rows: 0"
"""What is expected of a dbt test."""


@dataclass(frozen=True)
class CheckResult:
    """One verdict on one subject. `severity` is what a failure means: `error` blocks publishing, `warn` does not."""

    check_name: str
    subject: str
    severity: str
    passed: bool
    observed: str
    expected: str
    run_id: str
    checked_at: str
    owner: str | None = None
    next_step: str | None = None
    """What to do about it; null where the claim holds."""
    amount: str | None = None
    """The money it is about, with all its digits; null where it is none."""
    billing_currency: str | None = None

    @property
    def told(self) -> str:
        """Seen and expected, in one line; of a dbt test the failing rows alone, since nobody expects that rows fail."""
        return self.observed if self.expected == NO_FAILING_ROWS else f"{self.observed}; expected {self.expected}"


def results_of(
    outcome: CheckOutcome, *, check_name: str, subject: str, severity: str, run_id: str, checked_at: datetime
) -> list[CheckResult]:
    """The verdict on the whole asset, then one row for each subject: those that offend the claim first."""
    instant = checked_at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")

    def result(part: Subject, passed: bool) -> CheckResult:
        told = (check_name, part.subject, severity, passed, part.observed, part.expected)
        money = (None if part.amount is None else f"{part.amount:f}", part.currency)
        return CheckResult(*told, run_id, instant, part.owner, None if passed else outcome.next_step, *money)

    return [
        result(Subject(subject, outcome.observed, outcome.expected), outcome.passed),
        *(result(offender, False) for offender in _each_once(outcome.offenders)[:OFFENDERS_KEPT]),
        *(result(confirmed, True) for confirmed in _each_once(outcome.confirmed)[:OFFENDERS_KEPT]),
    ]


def _each_once(parts: Sequence[Subject]) -> list[Subject]:
    """A subject is a key of the history: what is seen of one in two currencies, or for two reasons, is one row."""
    by_subject: dict[str, list[Subject]] = {}
    for part in parts:
        by_subject.setdefault(part.subject, []).append(part)
    return [
        replace(
            same[0],
            observed="; ".join(dict.fromkeys(part.observed for part in same)),
            expected="; ".join(dict.fromkeys(part.expected for part in same)),
            amount=same[0].amount if len(same) == 1 else None,
            currency=same[0].currency if len(same) == 1 else None,
        )
        for same in by_subject.values()
    ]


def record_results(folder: Path, results: Iterable[CheckResult]) -> None:
    """Append results to their run's file. One write a call, so that a killed run leaves at most one torn line."""
    by_run: dict[str, list[str]] = {}
    for result in results:
        by_run.setdefault(result.run_id, []).append(json.dumps(asdict(result), ensure_ascii=False))
    for run_id, lines in by_run.items():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{run_id}.jsonl").open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())


def history_query(folder: Path) -> str:
    """A select over every recorded result; zero rows with the right columns when nothing is recorded yet.

    A check that was evaluated twice in one run counts with its last verdict.
    """
    types = ", ".join(f"'{name}': '{type_}'" for name, type_ in COLUMNS.items())
    files = sorted(path for path in folder.glob("*.jsonl") if path.stat().st_size) if folder.is_dir() else []
    if not files:
        nulls = ", ".join(f"cast(null as {type_}) as {name}" for name, type_ in COLUMNS.items())
        return f"select {nulls} where false"
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    # ignore_errors: the torn last line of a run that was killed while it wrote must not stop every later run.
    return f"""
        select {", ".join(COLUMNS)}
        from read_json([{listed}], format = 'newline_delimited', columns = {{{types}}}, ignore_errors = true)
        where check_name is not null and subject is not null and run_id is not null
        qualify row_number() over (partition by check_name, subject, run_id order by checked_at desc, passed) = 1
    """


def results_of_run(folder: Path, run_id: str) -> list[CheckResult]:
    """What one run recorded, in the order of evaluation."""
    path = folder / f"{run_id}.jsonl"
    if not path.exists():
        return []
    results = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            results.append(CheckResult(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # the torn line of a killed run
    return results
