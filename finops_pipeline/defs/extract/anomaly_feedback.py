"""What people have said about anomalies, as a table; what may be said is `side_files/anomaly_feedback.py`."""

import dagster as dg

from finops_pipeline.resources.refresh_request import RefreshRequest
from finops_pipeline.side_files.anomaly_feedback import load_anomaly_feedback, write_feedback_table


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
