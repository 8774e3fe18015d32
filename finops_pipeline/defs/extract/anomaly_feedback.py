"""What people have said about anomalies, as a table. What may be said is `finops_pipeline/anomaly_feedback.py`."""

import dagster as dg

from finops_pipeline.anomaly_feedback import load_anomaly_feedback, write_feedback_table
from finops_pipeline.resources.refresh_request import RefreshRequest


@dg.asset(
    key=["raw", "anomaly_feedback"],
    group_name="extract",
    owners=["team:finops"],
    kinds={"python", "yaml", "parquet"},
)
def anomaly_feedback(refresh_request: RefreshRequest) -> None:
    """Anomalies that somebody has called expected, or none: they raise no alarm."""
    settings = refresh_request.settings
    write_feedback_table(load_anomaly_feedback(settings.config_path), settings.landing)
