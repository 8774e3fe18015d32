"""The entry point Dagster loads: everything in `defs/`, the resources and the executor; nothing is defined here."""

from pathlib import Path

import dagster as dg

from finops_pipeline.progress import dagster_progress_logger
from finops_pipeline.resources.dbt import dbt_resource
from finops_pipeline.resources.refresh_request import RefreshRequest


@dg.definitions
def defs() -> dg.Definitions:
    """All assets, checks, the job and the schedule. Needs neither `finops.yaml` nor a parsed dbt project."""
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    bound = dg.Definitions(
        resources={"refresh_request": RefreshRequest(), "dbt": dbt_resource()},
        loggers={"progress": dagster_progress_logger},
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(loaded, bound)
