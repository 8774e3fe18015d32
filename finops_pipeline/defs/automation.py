"""The job, its schedule and its sensor. What they run and ask is defined elsewhere."""

import hashlib
from datetime import UTC, datetime, timedelta

import dagster as dg

from finops_pipeline.config import load_config
from finops_pipeline.errors import FinopsError
from finops_pipeline.extract.offered import look_for_news
from finops_pipeline.run_lock import current_holder
from finops_pipeline.settings import Settings, load_settings

_LOOK_SECONDS = 40
"""For listing all sources side by side: Dagster ends a tick after 60 s."""

_UNDER_WAY = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)

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
        "A day that came late is taken by the next run; a morning with nothing new builds nothing."
    ),
)


@dg.sensor(
    name="new_deliveries",
    job=refresh,
    minimum_interval_seconds=600,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Looks at the manifests of every billing export each ten minutes and requests one run when a delivery is "
        "offered that is not landed. It waits while a run is queued or in progress."
    ),
)
def new_deliveries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One `refresh` for all that is new. The ledger of deliveries decides; the cursor is a hint for people."""
    try:
        settings = load_settings()
        config = load_config(settings.config_path)
    except FinopsError as error:
        return dg.SkipReason(str(error))
    busy = _in_progress(context.instance, settings)
    if busy:
        return dg.SkipReason(busy)
    news = look_for_news(config.sources, settings.landing, _LOOK_SECONDS)
    for line in news.failed:
        context.log.warning(line)
    open_ends = [f"{len(news.failed)} cannot be read: {'; '.join(news.failed)}"] if news.failed else []
    open_ends += [f"not listed within {_LOOK_SECONDS} s: {', '.join(news.too_slow)}"] if news.too_slow else []
    if not news.changed:
        reason = "; ".join(["nothing new" if not open_ends else "nothing new elsewhere", *open_ends])
        return dg.SkipReason(f"{len(config.sources)} sources looked at: {reason}")
    # The same deliveries make the same key, so Dagster starts no second run for what one run refused.
    told = "\n".join(news.changed)
    key = f"new-deliveries-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    context.log.info(told)
    request = dg.RunRequest(run_key=key, tags={"finops/by": "new_deliveries"})
    return dg.SensorResult(run_requests=[request], cursor=key)


def _in_progress(instance: dg.DagsterInstance, settings: Settings) -> str | None:
    """Why to wait. The run lock tells of runs of any kind; the instance of those that are still to take it."""
    if holder := current_holder(settings.run_lock):
        return f"a run is in progress: {holder}"
    waiting = dg.RunsFilter(
        job_name=refresh.name,
        statuses=[dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, *_UNDER_WAY],
        # A run whose process was killed is never recorded as ended: after an hour without the lock it is over.
        updated_after=datetime.now(UTC) - timedelta(hours=1),
    )
    found = instance.get_runs(waiting, limit=1)
    return f"run {found[0].run_id} is {found[0].status.value.lower()}" if found else None
