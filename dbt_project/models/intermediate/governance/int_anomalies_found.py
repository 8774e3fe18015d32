"""Anomalies of the daily series, one row per incident: `finops_pipeline.detect`. Statistics, so no SQL."""

from finops_pipeline.detect.anomalies import anomalies


def model(dbt, session):
    """One row per incident that was first seen in the last quarter, with its drivers as JSON."""
    dbt.config(materialized="table")
    clusters = dbt.ref("int_pools").project("pool_id as clusters_pool_id, cluster").set_alias("pools")
    ledger = dbt.ref("fct_cost_allocations").set_alias("ledger")
    return anomalies(
        dbt.ref("int_daily_series").to_arrow_table(),
        dbt.ref("focus_cost_and_usage"),
        ledger.join(clusters, "ledger.origin_pool_id = pools.clusters_pool_id", how="left"),
    )
