"""The history of checks on the sample company: every source and month has its rows, and failing rows say of what."""

import os
from dataclasses import replace

from tests.conftest import Company

MONTHS = [
    (source, month)
    for source, months in {"aws-payer": ("2026-09", "2026-10"), "gcp-main": ("2026-09", "2026-10")}.items()
    for month in months
]


def subjects(company: Company, check: str, *, passed: bool) -> list[str]:
    rows = company.query(
        f"select subject from fct_check_results where check_name = '{check}' and passed = {passed} order by subject"
    )
    return [subject for (subject,) in rows]


def test_totals_and_deliveries_have_a_row_for_each_source_and_month(published_company: Company):
    totals = subjects(published_company, "raw_total_equals_normalized_total", passed=True)
    delivered = subjects(published_company, "every_complete_delivery_has_rows", passed=True)
    for source, month in MONTHS:
        assert f"{source} {month} USD billed" in totals
        assert f"{source} {month} USD effective" in totals
        assert f"{source} {month}" in delivered
    reconciled = published_company.query("select count(*) from fct_reconciliation where raw_cost is not null")[0][0]
    # One more for the check itself.
    assert len(totals) == reconciled + 1


def test_the_rows_that_fail_a_dbt_test_say_what_they_are_of(published_company: Company):
    """The sample company calls one model whose bill it does not have."""
    [of_rows, whole] = subjects(published_company, "every_model_has_cost_and_requests", passed=False)
    assert whole == "fct_inference_unit_costs"
    assert of_rows.startswith("claude-sonnet-4.6 2026-")


def test_an_export_that_stopped_is_seen_by_readers_although_nothing_new_comes(published_copy: Company):
    """On a quiet morning only time has passed: the version that says so is published once, with the same bill."""
    first = os.readlink(published_copy.current)
    bill = published_copy.query("select sum(allocated_effective_cost), count(*) from fct_cost_allocations")
    assert subjects(published_copy, "every_source_is_fresh", passed=False) == []
    later = replace(published_copy, now="2026-11-09T06:00:00Z")
    finished = later.finops("run")
    assert finished.exit_code == 0, finished.output
    assert "nothing is rebuilt" in finished.output
    told = os.readlink(later.current)
    assert told != first
    assert "aws-payer" in subjects(later, "every_source_is_fresh", passed=False)
    assert later.query("select sum(allocated_effective_cost), count(*) from fct_cost_allocations") == bill
    again = replace(published_copy, now="2026-11-10T06:00:00Z")
    finished = again.finops("run")
    assert finished.exit_code == 0, finished.output
    assert os.readlink(again.current) == told
