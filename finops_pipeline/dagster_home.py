"""Dagster's own folder: runs and events, so that `finops run` and the UI show the same history."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from finops_pipeline.errors import FinopsError
from finops_pipeline.settings import Settings

DAGSTER_YAML = """\
# Written once by finops; edit freely, it is never overwritten.
telemetry:
  enabled: false
# One run at a time through the queue. The run lock guards against everything that does not take the queue.
concurrency:
  runs:
    max_concurrent_runs: 1
"""


def prepare_homes(settings: Settings) -> None:
    """Create the data folder and Dagster's folder, and name both, absolute, in this process's environment.

    Raises:
        FinopsError: a folder cannot be created or written.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        configuration = settings.dagster_home / "dagster.yaml"
        if not configuration.exists():
            _write(configuration, DAGSTER_YAML)
    except OSError as error:
        raise FinopsError(
            f"{settings.home} cannot be written: {error.strerror or error}. Choose another folder with FINOPS_HOME."
        ) from error
    os.environ["FINOPS_HOME"] = str(settings.home)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["FINOPS_CONFIG"] = str(settings.config_path)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")


def reuse_database_engines() -> None:
    """Let Dagster's SQLite storage keep one engine for each of its files in this process.

    It makes a new one for every event, and with it compiles every statement anew (measured: 1.6 of 12 s of a run that
    finds nothing new, 4 of 21 s of one that rebuilds). The name is private: where it is gone, nothing is changed.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage

    for module in (sqlite_event_log, sqlite_run_storage):
        create = getattr(module, "create_engine", None)
        if create is not None and not hasattr(create, "engines"):
            module.create_engine = _kept(create)  # type: ignore[attr-defined]


def _kept(create: Callable[..., Any]) -> Callable[..., Any]:
    engines: dict[str, Any] = {}

    def create_engine(url: str, **options: Any) -> Any:
        if url not in engines:
            engines[url] = create(url, **options)
        return engines[url]

    create_engine.engines = engines  # type: ignore[attr-defined]
    return create_engine


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
