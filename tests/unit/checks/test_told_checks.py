"""What a run prints of checks that do not hold: seen, expected, of what, and what to do."""

import io
from dataclasses import replace

from rich.console import Console

from finops_pipeline.checks.results import CheckResult
from finops_pipeline.report import _print_checks

TEST = CheckResult("every_x_has_y", "fct_x", "warn", False, "failing rows: 3", "failing rows: 0", "run-1", "2026-11-03")
CHECK = replace(
    TEST, check_name="sums_are_equal", observed="1 differs", expected="no difference", next_step="Look at x."
)


def printed(*checks: CheckResult) -> list[str]:
    console = Console(file=io.StringIO(), width=500)
    _print_checks(console, list(checks))
    return console.file.getvalue().splitlines()


def test_nobody_expects_that_rows_fail():
    assert TEST.told == "failing rows: 3"
    assert CHECK.told == "1 differs; expected no difference"


def test_what_does_not_hold_is_printed_with_what_to_do():
    assert printed(CHECK, replace(CHECK, subject="aws 2026-10"), replace(TEST, passed=True)) == [
        "Checks: 1 passed, 1 warned, 0 failed",
        "  warning sums_are_equal: 1 differs; expected no difference",
        "    aws 2026-10: 1 differs; expected no difference",
        "    next: Look at x.",
    ]


def test_three_offenders_are_printed_and_the_others_counted():
    offenders = [replace(CHECK, subject=f"aws 2026-{month}") for month in ("06", "07", "08", "09", "10")]
    assert printed(replace(CHECK, severity="error"), *offenders)[1:] == [
        "  FAILED sums_are_equal: 1 differs; expected no difference",
        *(f"    {offender.subject}: 1 differs; expected no difference" for offender in offenders[:3]),
        "    … and 2 more in fct_check_results",
        "    next: Look at x.",
    ]
