"""What a person sees while a run is going: Dagster's events as short lines, or as one live line on a terminal.

Nothing here changes what runs. `finops run` listens; runs started from the UI have nobody listening and log as usual.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import dagster as dg

if TYPE_CHECKING:
    from rich.console import Console

NEWS = {"finops_progress": "news"}
"""Pass as `extra` of a log message that a person waiting for the run should read; frameworks log a lot more."""

MOMENT = {"finops_progress": "moment"}
"""Pass as `extra` of a log message that says what goes on at this moment and is soon forgotten."""

_listener: Callable[[dict[str, Any], str | None], None] | None = None


class Screen(Protocol):
    """Where progress is shown."""

    def line(self, text: str, *, is_bad: bool = False) -> None:
        """Something that stays on the screen."""
        ...

    def now(self, text: str) -> None:
        """What is going on at this moment; may be overwritten or left out."""
        ...


def _progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("finops_pipeline.progress", level=logging.DEBUG)  # where Dagster logs its events
    logger.addHandler(_Forward())
    return logger


dagster_progress_logger = dg.LoggerDefinition(
    _progress_logger, description="Hands the run's events to the command line; silent when nobody listens."
)
"""A logger that takes the place of Dagster's console output in `finops run`."""


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if _listener is not None:
            _listener(getattr(record, "dagster_meta", {}), getattr(record, "finops_progress", None))


@contextmanager
def listening(progress: "Progress") -> Iterator[None]:
    """Let a progress display hear the events of runs in this process."""
    global _listener
    _listener = progress.hear
    try:
        yield
    finally:
        _listener = None


@dataclass
class Progress:
    """Turns events into lines: one for every table that has rows, every dbt model, every check that fails."""

    screen: Screen
    models: int
    """How many models the dbt project has, for "12 of 41"."""
    shows_models: bool = True
    built: int = 0
    tests: int = 0
    started: dict[str, float] = field(default_factory=dict)

    def hear(self, meta: dict[str, Any], importance: str | None) -> None:
        """Take one log record of the run. A display must never break a run, so what it cannot read it leaves out."""
        event: dg.DagsterEvent | None = meta.get("dagster_event")
        if event is None:
            text = str(meta.get("orig_message"))
            if importance == "news":
                self.screen.line(f"  {text}")
            elif importance == "moment":
                self.screen.now(text)
            return
        step = event.step_key or ""
        kind = event.event_type
        if kind == dg.DagsterEventType.STEP_START:
            self.started[step] = time.monotonic()
            self.screen.now(_readable(step))
        elif kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
            self._materialized(step, event)
        elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._checked(event)
        elif kind == dg.DagsterEventType.STEP_SUCCESS and step == "dbt_models" and self.built:
            seconds = time.monotonic() - self.started[step]
            self.screen.line(f"built {self.built} models, ran {self.tests} tests ({seconds:.0f} s)")

    def _materialized(self, step: str, event: dg.DagsterEvent) -> None:
        key = event.asset_key.to_user_string() if event.asset_key else step
        metadata = event.step_materialization_data.materialization.metadata
        if step == "dbt_models":
            self.built += 1
            text = f"{self.built} of {self.models} models: {key}"
            self.screen.now(text)
            if self.shows_models:
                self.screen.line(text)
            return
        rows = metadata.get("dagster/row_count")
        note = metadata.get("note")
        count = int(str(rows.value)) if rows else 0
        if key.startswith("raw/") and count and note:
            self.screen.line(f"{key}: {count:,} rows ({note.value})")
        elif key == "marts/current":
            self.screen.line(f"published {metadata['path'].value}")

    def _checked(self, event: dg.DagsterEvent) -> None:
        check = event.asset_check_evaluation_data
        self.tests += event.step_key == "dbt_models"
        self.screen.now(check.check_name.replace("_", " "))
        if not check.passed:
            word = "warning" if check.severity == dg.AssetCheckSeverity.WARN else "FAILED"
            self.screen.line(f"check {check.check_name} on {check.asset_key.to_user_string()}: {word}", is_bad=True)


class PlainScreen:
    """One line per event, for logs and schedulers."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stdout

    def line(self, text: str, *, is_bad: bool = False) -> None:
        """Write the line at once; a follower of the log must not wait for a full buffer."""
        print(text, file=self._stream, flush=True)

    def now(self, text: str) -> None:
        """Nothing: a moment is not worth a line."""


class LiveScreen:
    """A spinner with the current step under the lines that stay."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live
        from rich.spinner import Spinner

        self._console = console
        self._spinner = Spinner("dots")
        # Not redirecting: what dbt and Dagster print belongs in the log file, not above the spinner.
        self._live = Live(self._spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> "LiveScreen":
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._live.stop()

    def line(self, text: str, *, is_bad: bool = False) -> None:
        """Print above the spinner."""
        self._console.print(text, style="yellow" if is_bad else None, markup=False, highlight=False)

    def now(self, text: str) -> None:
        """Change what the spinner says."""
        from rich.text import Text

        self._spinner.update(text=Text(text))


def _readable(step: str) -> str:
    return step.replace("__", "/")
