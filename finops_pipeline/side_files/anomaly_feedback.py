"""What people have said about anomalies: `anomalies.yaml` beside `finops.yaml`, and the table that dbt reads it from.

`finops anomalies ack` writes it; it is meant to be kept under version control with the configuration. The file is
optional: without it nobody has said anything.
"""

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.faults import shaped
from finops_pipeline.side_files.reading import SideFileModel, load_side_file, write_side_table

Verdict = Literal["expected", "not-an-anomaly"]
VERDICTS: tuple[Verdict, ...] = ("expected", "not-an-anomaly")


class Feedback(SideFileModel):
    """One anomaly and what it turned out to be."""

    id: Annotated[str, shaped(r"[0-9a-f]{12}", "an id in quotes, as `finops anomalies` lists it")]
    verdict: Verdict
    note: str | None = None
    said_on: date | None = None


class AnomalyFeedback(SideFileModel):
    """The whole of `anomalies.yaml`."""

    version: Literal[1] = 1
    feedback: tuple[Feedback, ...] = ()


def feedback_path(configuration: Path) -> Path:
    """Where the file stands."""
    return configuration.parent / "anomalies.yaml"


def load_anomaly_feedback(configuration: Path) -> AnomalyFeedback:
    """The `anomalies.yaml` beside a `finops.yaml`; no feedback where there is none.

    Raises:
        ConfigurationError: the file says something that is not allowed; the message names key and line.
    """
    path = feedback_path(configuration)
    return load_side_file(path, AnomalyFeedback, lists=("feedback",)) if path.is_file() else AnomalyFeedback()


def remember(configuration: Path, said: Feedback) -> Path:
    """Write one verdict into the file, in place of an earlier one on the same anomaly; the path of the file.

    A file that somebody has edited keeps what stands in it, comments too: the verdict is added at its end, where it is
    the one that holds.
    """
    path = feedback_path(configuration)
    known = list(load_anomaly_feedback(configuration).feedback)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text in ("", _as_yaml(known)) or not _is_appended(path, f"{text.rstrip()}\n{_entry(said)}", [*known, said]):
        _write(path, _as_yaml([*(item for item in known if item.id != said.id), said]))
    return path


def _as_yaml(feedback: Sequence[Feedback]) -> str:
    head = "# Written by `finops anomalies ack`: these anomalies raise no alarm.\nversion: 1\nfeedback:\n"
    return head + "".join(_entry(item) for item in feedback)


def _entry(item: Feedback) -> str:
    lines = [f'  - id: "{item.id}"', f"    verdict: {item.verdict}"]
    # JSON strings are YAML strings, whatever a note holds
    lines += [f"    note: {json.dumps(item.note, ensure_ascii=False)}"] if item.note else []
    lines += [f"    said_on: {item.said_on}"] if item.said_on else []
    return "".join(f"{line}\n" for line in lines)


def _is_appended(path: Path, text: str, expected: list[Feedback]) -> bool:
    """Whether the longer text says just what it should, and was written: not every list can be continued so."""
    trial = path.with_name(f".{path.name}.{os.getpid()}.trial")
    trial.write_text(text, encoding="utf-8")
    try:
        if list(load_side_file(trial, AnomalyFeedback, lists=("feedback",)).feedback) != expected:
            return False
    except ConfigurationError:
        return False
    finally:
        trial.unlink()
    _write(path, text)
    return True


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_feedback_table(feedback: AnomalyFeedback, landing: Path) -> None:
    """Land the feedback as `rules/anomaly_feedback.parquet`; of several verdicts on one anomaly the last one holds."""
    last = {item.id: item for item in feedback.feedback}
    write_side_table(
        landing / "rules" / "anomaly_feedback.parquet",
        pa.schema([*((name, pa.string()) for name in ("anomaly_id", "verdict", "note")), ("said_on", pa.date32())]),
        [
            {"anomaly_id": item.id, "verdict": item.verdict, "note": item.note, "said_on": item.said_on}
            for item in last.values()
        ],
    )
