"""`finops run`: the job `refresh` in this process, on the instance the UI reads, and how it ended.

What the steps do is in `defs/`; what is shown while they run is `progress.py`, and at the end `report.py`.
"""

import gc
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from finops_pipeline.alerts.send import tell_after_run
from finops_pipeline.dagster_home import prepare_homes, reuse_database_connections
from finops_pipeline.failures import failure_messages
from finops_pipeline.publish.versions import published_manifest
from finops_pipeline.report import print_report
from finops_pipeline.run_lock import hold_run_lock
from finops_pipeline.settings import Settings

_KEPT_LOGS = 20

TAG_BY = "finops/by"
"""The tag of a run that says who started it."""

BY_FINOPS_RUN = "finops run"


def refresh(settings: Settings, *, from_period: str | None, to_period: str | None, rebuild: bool) -> int:
    """Run the pipeline once; returns the exit code.

    Raises:
        RunInProgressError: another run holds the lock.
        FinopsError: the data folder cannot be written, or the dbt project cannot be parsed.
    """
    prepare_homes(settings)
    # One clock for the whole run, also for the job's own reading of the environment.
    os.environ["FINOPS_NOW"] = settings.now.isoformat()
    run_id = str(uuid.uuid4())
    asked = {"from_period": from_period, "to_period": to_period, "rebuild": rebuild}
    with hold_run_lock(settings.run_lock, command="finops run", run_id=run_id, now=datetime.now(UTC)):
        before = published_manifest(settings.marts)
        started = time.monotonic()
        log = _log_file(settings.home / "logs", run_id)
        with _own_output(log) as terminal:
            console = Console(file=terminal)
            try:
                outcome = _execute(console, run_id, {name: value for name, value in asked.items() if value is not None})
            except Exception as error:
                # Before its first step a run can fail too, on a project that cannot be parsed: at night nobody sees it.
                _tell(console, settings, run_id, [f"{type(error).__name__}: {error}"])
                raise
            after = published_manifest(settings.marts)
            print_report(
                console,
                settings,
                run_id=run_id,
                outcome=outcome,
                is_new=after is not None and after != before,
                seconds=time.monotonic() - started,
                log=log,
            )
            _tell(console, settings, run_id, outcome.failures)
    return 0 if outcome.succeeded else 1


def _tell(console: Console, settings: Settings, run_id: str, failures: list[str]) -> None:
    # Here, and not by Dagster's sensor: that needs a daemon, which `finops run` does without.
    for line in tell_after_run(settings, run_id, failures):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Outcome:
    """How the job ended; one message for each thing that failed, failed checks apart."""

    succeeded: bool
    failures: list[str]


def _execute(console: Console, run_id: str, asked: dict[str, Any]) -> Outcome:
    from finops_pipeline.progress import LiveScreen, PlainScreen

    if not console.is_terminal:
        return _execute_on(PlainScreen(console.file), run_id, asked, shows_models=True)
    with LiveScreen(console) as screen:
        screen.now("loading the pipeline")
        return _execute_on(screen, run_id, asked, shows_models=False)


def _execute_on(screen: Any, run_id: str, asked: dict[str, Any], *, shows_models: bool) -> Outcome:
    # Loading makes a million objects that all stay: looking for garbage among them costs a second and finds none.
    gc.disable()
    import dagster as dg

    from finops_pipeline.definitions import defs
    from finops_pipeline.defs.transform import dbt_models
    from finops_pipeline.progress import Progress, listening

    reuse_database_connections()
    job = defs().resolve_job_def("refresh")
    gc.freeze()
    gc.enable()
    models = len(list(dbt_models.keys))
    run_config = {"resources": {"refresh_request": {"config": asked}}, "loggers": {"progress": {"config": {}}}}
    with dg.DagsterInstance.get() as instance, listening(Progress(screen, models, shows_models)):
        result = job.execute_in_process(
            run_config=run_config,
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            tags={TAG_BY: BY_FINOPS_RUN},
        )
    return Outcome(result.success, [] if result.success else failure_messages(result.all_events))


@contextmanager
def _own_output(log: Path) -> Iterator[TextIO]:
    """Keep the terminal for ourselves: what Dagster, dbt and their children print goes to the log file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept_out, kept_err = os.dup(1), os.dup(2)
    terminal = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding or "utf-8", errors="replace")
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield terminal
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        terminal.flush()
        os.dup2(kept_out, 1)
        os.dup2(kept_err, 2)
        for descriptor in (kept_out, kept_err):
            os.close(descriptor)
        terminal.close()


def _log_file(folder: Path, run_id: str) -> Path:
    folder.mkdir(exist_ok=True)
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
    for old in logs[: -(_KEPT_LOGS - 1)]:
        old.unlink(missing_ok=True)
    return folder / f"{run_id}.log"
