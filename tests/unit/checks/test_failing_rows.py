"""Failing rows of a dbt test are told by what they are of."""

import duckdb
import pytest

from finops_pipeline.checks.failing_rows import failing_subjects
from finops_pipeline.checks.results import CheckResult

WHOLE = CheckResult(
    "every_x_has_y", "fct_x", "warn", False, "failing rows: 3", "failing rows: 0", "run-1", "2026-11-03"
)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "select * from (values ('aws', '2026-10', 1), ('gcp', '2026-10', 2), ('aws', '2026-10', 3)) "
            "t(source_name, billing_period, x)",
            [("aws 2026-10", "failing rows: 2"), ("gcp 2026-10", "failing rows: 1")],
        ),
        ("select 'aws' as \"x_SourceName\", '2026-10' as \"x_BillingPeriod\";\n", [("aws 2026-10", "failing rows: 1")]),
        ("select 'gpt-4o' as model_name, null as billing_period", [("gpt-4o", "failing rows: 1")]),
        ("select null::varchar as source_name", []),
        ("select 1 as unique_field, 2 as n_records", []),
    ],
)
def test_failing_rows_are_counted_by_source_model_and_month(rows, told):
    with duckdb.connect() as warehouse:
        found = failing_subjects(warehouse, WHOLE, rows)
    assert [(result.subject, result.observed) for result in found] == told
    assert all(
        (r.check_name, r.severity, r.passed, r.run_id) == ("every_x_has_y", "warn", False, "run-1") for r in found
    )
