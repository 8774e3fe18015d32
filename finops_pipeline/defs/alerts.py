"""Who tells people after runs that the schedule, the sensor or the UI started. What is told is `alerts/`.

`finops run` tells at its own end, because it needs no daemon; its runs carry a tag and are left out here. The memory
of what was told is the same, so that nobody is told twice whoever sends.
"""

import dagster as dg

from finops_pipeline.alerts.configuration import load_alerts
from finops_pipeline.alerts.send import tell_after_run
from finops_pipeline.defs.automation import refresh
from finops_pipeline.errors import FinopsError
from finops_pipeline.failures import failure_messages
from finops_pipeline.run import BY_FINOPS_RUN, TAG_BY
from finops_pipeline.settings import load_settings


def _tell(context: dg.RunStatusSensorContext) -> dg.SkipReason:
    run = context.dagster_run
    if run.tags.get(TAG_BY) == BY_FINOPS_RUN:
        return dg.SkipReason(f"`finops run` told of run {run.run_id} itself")
    try:
        settings = load_settings()
        if load_alerts(settings.config_path) is None:
            return dg.SkipReason("there is no alerts.yaml beside finops.yaml")
    except FinopsError as error:
        return dg.SkipReason(str(error))
    failures: list[str] = []
    if run.status == dg.DagsterRunStatus.FAILURE:
        wanted = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
        records = context.instance.all_logs(run.run_id, of_type=wanted)
        failures = failure_messages(record.dagster_event for record in records if record.dagster_event)
    lines = tell_after_run(settings, run.run_id, failures)
    for line in lines:
        context.log.info(line)
    return dg.SkipReason("; ".join(lines) or "nothing to tell")


def _sensor(name: str, status: dg.DagsterRunStatus, when: str) -> dg.SensorDefinition:
    return dg.run_status_sensor(
        run_status=status,
        name=name,
        monitored_jobs=[refresh],
        # On from the start: without an alerts.yaml it does nothing, and with one silence would be taken for health.
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Sends the digests of alerts.yaml after a run of `refresh` that {when}.",
    )(_tell)


alerts_after_success = _sensor("alerts_after_success", dg.DagsterRunStatus.SUCCESS, "succeeded")
alerts_after_failure = _sensor("alerts_after_failure", dg.DagsterRunStatus.FAILURE, "failed")
