"""Where the cost of each shared service finally leaves to somebody who is no service: `finops_pipeline.reciprocal`.

The one model that is no SQL: cycles are solved by elimination, over a graph of services, never over money.
"""

import pyarrow as pa

from finops_pipeline.reciprocal import service_exits


def model(dbt, session):
    """One row per service, window and exit, with weights that sum to 1e18."""
    dbt.config(materialized="table")
    rows = dbt.ref("int_service_flows").order("service, driver_window, consumer_service").fetchall()
    flows: dict[str, list[tuple[str, str | None, int]]] = {}
    for service, window, consumer, weight in rows:
        flows.setdefault(window, []).append((service, consumer, weight))
    exits = [(window, found) for window in sorted(flows) for found in service_exits(flows[window])]
    return pa.table(
        {
            "service": pa.array([found.service for _, found in exits], pa.string()),
            "driver_window": pa.array([window for window, _ in exits], pa.string()),
            "exit_service": pa.array([found.exit_service for _, found in exits], pa.string()),
            "closed_loop": pa.array([found.loop for _, found in exits], pa.string()),
            "weight": pa.array([found.weight for _, found in exits], pa.int64()),
        }
    )
