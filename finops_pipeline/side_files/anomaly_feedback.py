"""What people have said about anomalies: `anomalies.yaml` beside `finops.yaml`, and the table that dbt reads it from.

`finops anomalies ack` writes it; it is meant to be kept under version control with the configuration. The file is
optional: without it nobody has said anything.
"""

import json
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa

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
    """Write one verdict into the file, in place of an earlier one on the same anomaly; the path of the file."""
    known = [item for item in load_anomaly_feedback(configuration).feedback if item.id != said.id]
    lines = ["# Written by `finops anomalies ack`: these anomalies raise no alarm.", "version: 1", "feedback:"]
    for item in (*known, said):
        lines += [f'  - id: "{item.id}"', f"    verdict: {item.verdict}"]
        # JSON strings are YAML strings, whatever a note holds
        lines += [f"    note: {json.dumps(item.note, ensure_ascii=False)}"] if item.note else []
        lines += [f"    said_on: {item.said_on}"] if item.said_on else []
    path = feedback_path(configuration)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


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
