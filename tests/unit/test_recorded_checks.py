"""How checks behave inside a run: what blocks, what only warns, what is kept, and whom a second run meets."""

import subprocess
import sys

import dagster as dg
import pytest

from finops_pipeline.checks.outcome import CheckOutcome, Offender
from finops_pipeline.checks.results import results_of_run
from finops_pipeline.defs.checks.recorded import recorded_check
from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.settings import load_settings

CONFIGURATION = """
version: 1
sources:
  - {name: aws-payer, provider: aws, dataset: cur2, uri: "file:///absent"}
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    (tmp_path / "finops.yaml").write_text(CONFIGURATION)
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.yaml"))
    monkeypatch.setenv("FINOPS_NOW", "2026-11-03T06:00:00Z")


@dg.asset
def checked(refresh_request: RefreshRequest) -> None:
    """An asset with a check."""


@dg.asset(deps=[checked], op_tags={"dagster/priority": "-1"})
def published(refresh_request: RefreshRequest) -> None:
    """What must not happen after a failed blocking check, and must find every verdict recorded."""
    assert list(refresh_request.settings.check_results.glob("*.jsonl"))


def books_balance(request: RefreshRequest) -> CheckOutcome:
    """The books balance."""
    return CheckOutcome("all equal", "all equal", "")


def books_differ(request: RefreshRequest) -> CheckOutcome:
    """The books balance."""
    details = {"impact": "+0.01 USD", "drivers": "| a |\n|---|"}
    return CheckOutcome("1 differs", "all equal", "Look.", (Offender("2026-10", "0.01", "0"),), details=details)


def query_breaks(request: RefreshRequest) -> CheckOutcome:
    """A claim nobody can evaluate."""
    raise RuntimeError("no such table")


def run_with(query, *, blocking: bool) -> tuple[dg.ExecuteInProcessResult, set[str], list]:
    check = recorded_check(query, asset=["checked"], blocking=blocking)
    result = dg.materialize(
        [checked, published, check], resources={"refresh_request": RefreshRequest()}, raise_on_error=False
    )
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    return result, made, results_of_run(load_settings().check_results, result.run_id)


def test_passed_check_is_kept_and_lets_publishing_go_on():
    result, made, kept = run_with(books_balance, blocking=True)
    assert result.success
    assert "published" in made
    assert [(row.check_name, row.subject, row.severity, row.passed) for row in kept] == [
        ("books_balance", "checked", "error", True)
    ]


def test_failed_blocking_check_is_kept_with_its_offenders_and_stops_publishing():
    result, made, kept = run_with(books_differ, blocking=True)
    assert not result.success
    assert "published" not in made
    assert [(row.subject, row.severity, row.passed) for row in kept] == [
        ("checked", "error", False),
        ("2026-10", "error", False),
    ]


def test_failed_warning_is_kept_and_stops_nothing():
    result, made, kept = run_with(books_differ, blocking=False)
    assert result.success
    assert "published" in made
    assert {row.severity for row in kept} == {"warn"}


def test_warning_that_breaks_is_a_failed_warning_and_no_failed_run():
    result, made, kept = run_with(query_breaks, blocking=False)
    assert result.success
    assert "published" in made
    assert "no such table" in kept[1].observed


def test_blocking_check_that_breaks_has_proved_nothing_and_stops_publishing():
    result, made, kept = run_with(query_breaks, blocking=True)
    assert not result.success
    assert "published" not in made
    assert not kept[0].passed


def test_check_tells_dagster_what_it_saw_and_what_to_do():
    result, _, _ = run_with(books_differ, blocking=False)
    evaluation = result.get_asset_check_evaluations()[0]
    assert evaluation.metadata["observed"].value == "1 differs"
    assert evaluation.metadata["next step"].value == "Look."
    assert "| 2026-10 | 0.01 | 0 |" in str(evaluation.metadata["worst offenders"].value)
    assert evaluation.metadata["offenders"].value == 1
    assert evaluation.metadata["impact"] == dg.MetadataValue.text("+0.01 USD")
    assert isinstance(evaluation.metadata["drivers"], dg.MarkdownMetadataValue)
    assert evaluation.description == "1 differs\n\n- **2026-10**: 0.01; expected 0\n\n**Next:** Look."


def test_run_that_did_not_come_from_the_command_line_is_refused_while_another_holds_the_lock():
    code = (
        "import sys; from finops_pipeline.run_lock import hold_run_lock\n"
        "from finops_pipeline.settings import load_settings\n"
        "settings = load_settings()\n"
        "with hold_run_lock(settings.run_lock, command='finops run', run_id='first', now=settings.now):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        result, made, _ = run_with(books_balance, blocking=True)
    finally:
        holder.kill()
        holder.wait()
    assert not result.success
    assert made == set()
    failure = next(event for event in result.all_events if event.is_failure)
    assert "RunInProgressError" in str(failure.event_specific_data)
    assert f"process {holder.pid}, run first" in str(failure.event_specific_data)
