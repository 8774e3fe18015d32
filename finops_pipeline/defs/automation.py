"""The job and the schedule. What they run is defined elsewhere."""

import dagster as dg

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description=(
        "The whole pipeline: extract, normalize, allocate, unit economics, checks, publish. "
        "Not partitioned: October, November and a restated March are no range. "
        "One process, because one process may own the warehouse file."
    ),
    executor_def=dg.in_process_executor,
)

daily_refresh = dg.ScheduleDefinition(
    name="daily_refresh",
    job=refresh,
    cron_schedule="0 6 * * *",
    execution_timezone="UTC",
    # Stopped until someone turns it on: opening the UI on a laptop must not start reading a company's bills.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Every morning at 06:00 UTC: by then the clouds have delivered most of the day before. "
        "A day that came late is taken by the next run; a morning with nothing new publishes nothing."
    ),
)
