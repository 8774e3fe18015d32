"""Of which source, model and month are the rows that fail a dbt test? dbt counts them; the warehouse still has them."""

from dataclasses import replace

import duckdb

from finops_pipeline.checks.results import CheckResult

_NAMED_BY = (("source_name", "x_SourceName"), ("model_name",), ("billing_period", "x_BillingPeriod"))
"""Columns that say what a row is of, in the order of a subject's words; the first of each that is there."""

_SUBJECTS_KEPT = 50


def failing_subjects(warehouse: duckdb.DuckDBPyConnection, whole: CheckResult, failing_rows: str) -> list[CheckResult]:
    """One result for each subject that the failing rows name; none where they name nothing.

    Args:
        warehouse: as the test saw it.
        whole: the verdict on the test's asset.
        failing_rows: the query that dbt ran.
    """
    relation = f"({failing_rows.rstrip().rstrip(';')})"
    columns = {name for name, *_ in warehouse.execute(f"describe select * from {relation}").fetchall()}
    named_by = [next((name for name in names if name in columns), None) for names in _NAMED_BY]
    words = ", ".join(f'"{name}"' for name in named_by if name)
    if not words:
        return []
    rows = warehouse.execute(
        f"""
        select concat_ws(' ', {words}) as subject, count(*) as failing
        from {relation}
        group by all
        having subject <> ''
        order by failing desc, subject
        limit {_SUBJECTS_KEPT}
        """
    ).fetchall()
    return [replace(whole, subject=subject, observed=f"failing rows: {count}") for subject, count in rows]
