"""What is kept under `FINOPS_HOME/alerts/`: what was told, and the digests that could not be delivered.

Everything here may be deleted: then people are told again what still holds.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from finops_pipeline.alerts.digest import Digest
from finops_pipeline.alerts.finding import Finding
from finops_pipeline.alerts.plan import ChannelState, Told

LOCK_SECONDS = 45
"""A run and Dagster's sensor wait for one another; sending takes at most `deliver.IN_ALL_SECONDS`."""


@dataclass(frozen=True)
class DeadLetter:
    """A digest nobody got, and why."""

    digest: Digest
    reason: str
    attempts: int
    first_failed_at: str


def folder(home: Path) -> Path:
    """Where alerts keep what they remember."""
    return home / "alerts"


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Nobody else tells anybody anything meanwhile.

    Raises:
        filelock.Timeout: another process holds on for longer than any sending takes.
    """
    folder(home).mkdir(parents=True, exist_ok=True)
    with FileLock(folder(home) / "lock", timeout=LOCK_SECONDS):
        yield


def read_states(home: Path, channels: list[str]) -> dict[str, ChannelState]:
    """What each channel was told. A file that cannot be read counts as none: told twice is better than never."""
    try:
        kept = json.loads((folder(home) / "told.json").read_text(encoding="utf-8"))["channels"]
        states = {name: _state(values) for name, values in kept.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        states = {}
    return {name: states.get(name, ChannelState()) for name in channels}


def write_states(home: Path, states: Mapping[str, ChannelState]) -> None:
    """Keep what each channel was told, in one step."""
    channels = {
        name: {
            "last_digest": state.last_digest.isoformat() if state.last_digest else None,
            "last_id": state.last_id,
            "told": {key: asdict(told) | {"day": told.day.isoformat()} for key, told in state.told.items()},
            "waiting": [finding.as_dict() for finding in state.waiting.values()],
        }
        for name, state in states.items()
    }
    _write(folder(home) / "told.json", {"version": 1, "channels": channels})


def dead_letters(home: Path) -> list[DeadLetter]:
    """All digests that could not be delivered, oldest first."""
    letters = []
    for path in sorted((folder(home) / "dead-letters").glob("*.json")):
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            letters.append(
                DeadLetter(
                    Digest.from_dict(kept["digest"]), kept["reason"], int(kept["attempts"]), kept["first_failed_at"]
                )
            )
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return letters


def day_of(letter: DeadLetter) -> date:
    """The day whose news a dead letter holds."""
    return date.fromisoformat(letter.digest.day)


def bury(home: Path, digest: Digest, reason: str) -> None:
    """Keep a digest until it is delivered: first before any try, then with why the last one failed."""
    path = _letter_path(home, digest)
    before = next((letter for letter in dead_letters(home) if letter.digest.digest_id == digest.digest_id), None)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    letter = (
        replace(before, reason=reason, attempts=before.attempts + 1) if before else DeadLetter(digest, reason, 0, now)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(
        path,
        {
            "reason": letter.reason,
            "attempts": letter.attempts,
            "first_failed_at": letter.first_failed_at,
            "digest": letter.digest.as_dict(),
        },
    )


def unbury(home: Path, digest: Digest) -> None:
    """Forget a dead letter: it was delivered after all, or is too old."""
    _letter_path(home, digest).unlink(missing_ok=True)


def forget_letters(home: Path, *, before: date) -> None:
    """Delete the dead letters whose news are older than a day."""
    for letter in dead_letters(home):
        if day_of(letter) < before:
            unbury(home, letter.digest)


def drop_letters(home: Path, channels: list[str]) -> list[Digest]:
    """Delete the dead letters of all but these channels, and return them: nobody else can take them."""
    gone = [letter.digest for letter in dead_letters(home) if letter.digest.channel not in channels]
    for digest in gone:
        unbury(home, digest)
    return gone


def _letter_path(home: Path, digest: Digest) -> Path:
    return folder(home) / "dead-letters" / f"{digest.digest_id}.json"


def _state(values: Mapping[str, Any]) -> ChannelState:
    waiting = [Finding.from_dict(finding) for finding in values["waiting"]]
    return ChannelState(
        told={key: Told(**(told | {"day": date.fromisoformat(told["day"])})) for key, told in values["told"].items()},
        waiting={finding.key: finding for finding in waiting},
        last_digest=date.fromisoformat(values["last_digest"]) if values["last_digest"] else None,
        last_id=values.get("last_id", ""),
    )


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    # Findings name accounts and amounts: for the owner of the data folder alone.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
