"""Anomalies of the daily series, one row per incident: `finops_pipeline.detect`. Statistics, so no SQL."""

import os
from pathlib import Path

from finops_pipeline.detect.anomalies import anomalies


def model(dbt, session):
    """One row per incident that was first seen in the last quarter, with its drivers as JSON.

    Mornings whose days are what they were are not judged again, unless everything is to be built anew.
    """
    dbt.config(materialized="table")
    judged = Path(os.environ.get("FINOPS_HOME", ".finops"), "judged_mornings.npz")
    if os.environ.get("FINOPS_REBUILD"):
        judged.unlink(missing_ok=True)
    return anomalies(
        dbt.ref("int_daily_series").to_arrow_table(),
        dbt.ref("focus_cost_and_usage"),
        dbt.ref("fct_cost_allocations"),
        judged,
    )
