"""The history of check results survives failed runs, repeated checks and torn lines."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import duckdb

from finops_pipeline.checks.outcome import OFFENDERS_KEPT, CheckOutcome, Offender, Subject
from finops_pipeline.checks.results import COLUMNS, history_query, record_results, results_of, results_of_run

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
FAILED = CheckOutcome(
    observed="1 of 2 totals differs",
    expected="every difference is 0",
    next_step="Look at the delivery.",
    offenders=(Offender("aws-payer 2026-10 USD billed", "0.01", "0"),),
)
PASSED = CheckOutcome(observed="2 totals agree", expected="every difference is 0", next_step="")


def rows_for(outcome, run_id, checked_at=NOW):
    return results_of(
        outcome,
        check_name="totals_agree",
        subject="fct_reconciliation",
        severity="error",
        run_id=run_id,
        checked_at=checked_at,
    )


def history(folder):
    query = f"select * from ({history_query(folder)}) order by run_id, check_name, subject"
    return duckdb.sql(query).fetchall()


def test_failed_check_leaves_a_row_for_the_whole_and_one_for_each_offender(tmp_path):
    record_results(tmp_path, rows_for(FAILED, "run-1"))
    assert [(row[1], row[3], row[4]) for row in history(tmp_path)] == [
        ("aws-payer 2026-10 USD billed", False, "0.01"),
        ("fct_reconciliation", False, "1 of 2 totals differs"),
    ]


def test_what_is_seen_of_a_subject_in_two_currencies_stands_in_its_one_row(tmp_path):
    twice = replace(
        FAILED,
        offenders=(Offender("pool", "5.00 USD", "none", "vision"), Offender("pool", "7.00 EUR", "none", "search")),
    )
    record_results(tmp_path, rows_for(twice, "run-1"))
    assert [(row[1], row[4], row[5], row[8]) for row in history(tmp_path) if row[1] == "pool"] == [
        ("pool", "5.00 USD; 7.00 EUR", "none", "vision")
    ]
    assert len(results_of_run(tmp_path, "run-1")) == 2


def test_the_money_of_a_subject_keeps_its_digits_and_is_none_where_it_is_of_two(tmp_path):
    def told(subject, amount, currency):
        return Offender(subject, "seen", "none", amount=Decimal(amount), currency=currency)

    offenders = (told("team AWS", "9.000000000000000001", "USD"), told("x", "1", "USD"), told("x", "2", "EUR"))
    record_results(tmp_path, rows_for(replace(FAILED, offenders=offenders), "run-1"))
    query = f"select subject, amount, billing_currency from ({history_query(tmp_path)}) order by subject"
    assert duckdb.sql(query).fetchall() == [
        ("fct_reconciliation", None, None),
        ("team AWS", Decimal("9.000000000000000001"), "USD"),
        ("x", None, None),
    ]


def test_what_failed_says_what_to_do_and_what_holds_does_not(tmp_path):
    record_results(tmp_path, rows_for(FAILED, "run-1") + rows_for(PASSED, "run-2"))
    steps = duckdb.sql(f"select run_id, next_step from ({history_query(tmp_path)}) group by all order by all")
    assert steps.fetchall() == [("run-1", "Look at the delivery."), ("run-2", None)]


def test_history_has_the_contract_columns_and_types_even_when_nothing_is_recorded(tmp_path):
    relation = duckdb.sql(history_query(tmp_path / "absent"))
    assert dict(zip(relation.columns, map(str, relation.types), strict=True)) == COLUMNS
    assert relation.fetchall() == []


def test_history_holds_every_run_once(tmp_path):
    record_results(tmp_path, rows_for(FAILED, "run-1"))
    record_results(tmp_path, rows_for(PASSED, "run-2"))
    assert [(row[6], row[1], row[3]) for row in history(tmp_path)] == [
        ("run-1", "aws-payer 2026-10 USD billed", False),
        ("run-1", "fct_reconciliation", False),
        ("run-2", "fct_reconciliation", True),
    ]


def test_check_evaluated_twice_in_a_run_counts_with_its_last_verdict(tmp_path):
    record_results(tmp_path, rows_for(PASSED, "run-1"))
    record_results(tmp_path, rows_for(FAILED, "run-1", NOW.replace(hour=7))[:1])
    assert [(row[1], row[3]) for row in history(tmp_path)] == [("fct_reconciliation", False)]


def test_torn_line_of_a_killed_run_does_not_hide_the_others(tmp_path):
    record_results(tmp_path, rows_for(PASSED, "run-1"))
    with (tmp_path / "run-1.jsonl").open("a") as file:
        file.write('{"check_name": "totals_agr')
    record_results(tmp_path, rows_for(PASSED, "run-2"))
    assert [row[6] for row in history(tmp_path)] == ["run-1", "run-2"]
    assert [result.check_name for result in results_of_run(tmp_path, "run-1")] == ["totals_agree"]


def test_instants_are_kept_as_utc_without_a_zone(tmp_path):
    record_results(tmp_path, rows_for(PASSED, "run-1"))
    assert history(tmp_path)[0][7] == datetime(2026, 11, 3, 6)


def test_history_of_one_check_stays_bounded(tmp_path):
    many = CheckOutcome(
        "many", "none", "", tuple(Offender(f"subject {n}", "1", "0") for n in range(OFFENDERS_KEPT * 3))
    )
    assert len(rows_for(many, "run-1")) == OFFENDERS_KEPT + 1


def test_names_from_bills_cannot_break_the_markdown_table():
    outcome = CheckOutcome("one", "none", "", (Offender("a|b\nc", "1", "0"),))
    assert outcome.as_markdown().splitlines()[2] == "| a\\|b c | 1 | 0 |"


def test_subjects_that_hold_are_kept_beside_those_that_do_not(tmp_path):
    mixed = CheckOutcome(
        "1 of 2 totals differs",
        "every difference is 0",
        "",
        (Offender("aws-payer 2026-10", "0.01", "0"),),
        confirmed=(Subject("gcp-main 2026-10", "0", "0", owner="vision"),),
    )
    record_results(tmp_path, rows_for(mixed, "run-1"))
    owner = list(COLUMNS).index("owner")
    assert [(row[1], row[3], row[owner]) for row in history(tmp_path)] == [
        ("aws-payer 2026-10", False, None),
        ("fct_reconciliation", False, None),
        ("gcp-main 2026-10", True, "vision"),
    ]


def test_results_of_a_version_without_owners_are_still_read(tmp_path):
    record_results(tmp_path, rows_for(PASSED, "run-1"))
    path = tmp_path / "run-1.jsonl"
    path.write_text(path.read_text().replace(', "owner": null', ""))
    assert [row[1] for row in history(tmp_path)] == ["fct_reconciliation"]
    assert [result.owner for result in results_of_run(tmp_path, "run-1")] == [None]
