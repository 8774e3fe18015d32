"""One run at a time: the lock on a `FINOPS_HOME`, and the note that names who holds it.

A Dagster pool guards a step and `max_concurrent_runs` only runs that went through the queue; neither stops
`finops run` beside a scheduled run. A file lock does, and the operating system drops it when its holder dies.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from finops_pipeline.errors import RunInProgressError

# Locks this process holds, by path: `finops run` takes the lock before Dagster starts, and the job's own
# resource takes it again in the same process.
_held: dict[Path, int] = {}


@dataclass(frozen=True)
class Holder:
    """Who holds the lock, as written into `run.lock.holder`."""

    pid: int
    command: str
    run_id: str
    since: str

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid}, run {self.run_id}, since {self.since})"


def holder_path(lock_path: Path) -> Path:
    """The note beside the lock. It is kept apart because a locked file cannot be read everywhere."""
    return lock_path.with_name(lock_path.name + ".holder")


def read_holder(lock_path: Path) -> Holder | None:
    """The last holder noted, or None when there is no readable note."""
    try:
        return Holder(**json.loads(holder_path(lock_path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def hold_run_lock(lock_path: Path, *, command: str, run_id: str, now: datetime) -> Iterator[None]:
    """Hold the lock for the length of the block; re-entrant within one process, never waiting.

    Raises:
        RunInProgressError: another process holds it; the message names that process.
    """
    path = lock_path.absolute()
    if _held.get(path):
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        holder = read_holder(path)
        raise RunInProgressError(
            f"Another run is in progress on {path.parent}: {holder or 'holder unknown'}. "
            "Wait until it has ended, then run again; nothing was changed."
        ) from error
    try:
        _held[path] = 1
        _write_holder(path, Holder(os.getpid(), command, run_id, now.isoformat(timespec="seconds")))
        yield
    finally:
        _held.pop(path, None)
        holder_path(path).unlink(missing_ok=True)
        lock.release()


def current_holder(lock_path: Path) -> Holder | None:
    """Whoever holds the lock now, without touching it: a look must never make a run that starts believe it is second.

    A holder that was killed leaves its note; it counts no more.
    """
    holder = read_holder(lock_path.absolute())
    return holder if holder is not None and _is_running(holder.pid) else None


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_holder(lock_path: Path, holder: Holder) -> None:
    target = holder_path(lock_path)
    temporary = target.with_name(f"{target.name}.{holder.pid}")
    temporary.write_text(json.dumps(asdict(holder)), encoding="utf-8")
    os.replace(temporary, target)
