"""From daily tables to findings: the one entry point of detection."""

import os
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.candidates import Sight
from finops_pipeline.detect.channels import Channel, watched
from finops_pipeline.detect.completeness import Completeness, completeness
from finops_pipeline.detect.expected import Expectation, expectation, from_log, orientation, to_log
from finops_pipeline.detect.judged import RAISED, Judged
from finops_pipeline.detect.news import LATELY, SHORTEST, may_speak
from finops_pipeline.detect.panel import DAY, SETTLED, Panel, panel_of
from finops_pipeline.detect.walk import Alarm, Past, walk

BLOCK = 500
"""Series that are judged at once: enough for numpy, few enough for the processor's cache; 150 or 2,500 cost more."""
ALONE = 2000
"""Series up to which one process judges all: starting others takes as long as a thousand series."""
WORKERS = 4
"""Processes at most, however many cores there are: each holds its own copy of numpy's scratch memory."""

KINDS = {
    "missing": "missing",
    "zero": "zero",
    "halves": "duplicated",
    "twice": "duplicated",
    "price": "price",
    "new": "new_sku",
    "ramp": "ramp",
    "climb": "ramp",
    "moved": "lost_tags",
}


@dataclass(frozen=True)
class Finding:
    """One anomaly: what was seen, what was expected, and how sure the series' own past makes us.

    `as_of` is the morning on which the data first showed it. `score` is the change in units of the threshold (1 = just
    enough). `impact` is observed less expected, of the day that is named.
    """

    series_id: str
    date: np.datetime64
    as_of: np.datetime64
    kind: str
    channel: str
    direction: str
    observed: float | None
    expected: float
    lower: float
    upper: float
    impact: float
    score: float


def detect(
    table: pa.Table,
    vintages: pa.Table | None = None,
    groups: dict[str, str] | None = None,
    end: dict[str, int] | None = None,
    as_of: dict[str, int] | None = None,
) -> list[Finding]:
    """Findings of all series, in the order of series and day. See `panel_of` for what the tables hold."""
    if not table.num_rows:
        return []
    return findings_of(panel_of(table, vintages, groups, end, as_of))


def findings_of(panel: Panel) -> list[Finding]:
    """Every alarm that a run on each morning would have raised, with the morning it would have been raised on."""
    return findings_in(judge(panel))


def judge(panel: Panel, before: Judged | None = None) -> Judged:
    """Judge every morning of a panel, or only those that `before` does not hold for any more.

    Blocks of series are judged by themselves, many of them in processes side by side; what forms a group stays in one
    block and is always judged anew, so that findings do not depend on how many cores there are or what was judged.
    """
    judged = Judged.nothing(panel)
    past = (before or judged).past_of(judged)
    past.since[panel.group != ""] = 0
    past = replace(past, raised=past.raised[past.since[past.raised["row"]] > 0])
    rows = np.flatnonzero(past.since <= panel.last_morning)
    blocks = _blocks(panel, rows)
    workers = min(WORKERS, os.cpu_count() or 1)
    if len(rows) > ALONE and workers > 1:
        # imported here: what runs in the processes is this module
        from finops_pipeline.detect.side_by_side import in_processes

        parts = [np.concatenate(blocks[number::workers]) for number in range(workers)]
        found = in_processes([(panel.part(part), past.part(part)) for part in parts])
    else:
        parts = [rows]
        found = [news_of(panel.part(rows), past.part(rows))] if len(rows) else []
    for part, raised in zip(parts, found, strict=False):
        raised["row"] = part[raised["row"]]
    raised = np.concatenate([past.raised, *found])
    order = np.lexsort((raised["day"] + raised["lag"], raised["row"]))
    return judged.after(raised[order], panel.last_morning)


def findings_in(judged: Judged) -> list[Finding]:
    """What was told of, in the order of series and day."""
    told = judged.raised[judged.raised["told"]]
    found = [_finding(record, judged) for record in told]
    return sorted(found, key=lambda f: (f.series_id, f.date))


@np.errstate(all="ignore")
def news_of(panel: Panel, past: Past) -> np.ndarray:
    """What is raised from `past.since` on, in one process: rows of `RAISED`."""
    left = panel.length + SETTLED - past.since
    lately = (past.since > 0) & (left <= LATELY) & (panel.length >= SHORTEST)
    walked = [np.flatnonzero(~lately)]
    for rows in _blocks(panel, np.flatnonzero(lately)):
        seen = Seen.of(panel.part(rows))
        walked.append(rows[may_speak(seen.panel, seen.expected, seen.shares, past.since[rows])])
    found = [np.zeros(0, RAISED)]
    for rows in _blocks(panel, np.sort(np.concatenate(walked))):
        raised = _raised(Seen.of(panel.part(rows)), past.part(rows))
        raised["row"] = rows[raised["row"]]
        found.append(raised)
    return np.concatenate(found)


def _blocks(panel: Panel, rows: np.ndarray) -> list[np.ndarray]:
    """Some series in blocks that share no group."""
    order = rows[np.argsort(panel.group[rows], kind="stable")]
    groups = panel.group[order]
    starts = [0]
    for row in range(1, len(order)):
        if row - starts[-1] >= BLOCK and (groups[row] != groups[row - 1] or not groups[row]):
            starts.append(row)
    return [block for block in np.split(order, starts[1:]) if len(block)]


@dataclass(frozen=True)
class Seen:
    """A panel turned so that spending is positive, in single precision, with what was expected of it."""

    sign: np.ndarray
    whole: Panel
    panel: Panel
    shares: tuple[Completeness, Completeness]
    expected: Expectation

    @classmethod
    def of(cls, panel: Panel) -> "Seen":
        """Of some series."""
        sign = orientation(panel.cost)
        turned = {name: getattr(panel, name) * sign for name in ("cost", "first_cost", "second_cost")}
        whole = replace(panel, **turned)
        rough = whole.rough()
        first = completeness(rough.first_cost, rough.cost, panel.late)
        second = completeness(rough.second_cost, rough.cost, panel.late)
        return cls(sign, whole, rough, (first, second), expectation(rough.cost, rough.second_cost, second))


def _raised(seen: Seen, past: Past) -> np.ndarray:
    """The walk of one block, each alarm with what the day looked like."""
    channels = watched(seen.panel, seen.expected, *seen.shares)
    alarms = walk(Sight.of(seen.panel, seen.expected), channels, past)
    return np.array([_record(seen, channels, alarm) for alarm in alarms], RAISED)


def _record(seen: Seen, channels: list[Channel], alarm: Alarm) -> tuple[object, ...]:
    at = (alarm.row, alarm.day)
    sign, e, channel = float(seen.sign[at]), seen.expected, channels[alarm.channel]
    scale, log_cost = e.scale[at], (e.expected if channel.usual is None else channel.usual)[at]
    expected = sign * float(from_log(log_cost, scale))
    looked_at = {1: seen.whole.first_cost, 2: seen.whole.second_cost}.get(alarm.lag, seen.whole.cost)
    observed = sign * float(looked_at[at])
    cost = observed if np.isfinite(observed) else 0.0
    # the band that would just not have been left: the day lies `score` times as far off
    off = abs(float(to_log(np.asarray(sign * cost), scale)) - log_cost) / alarm.score
    lower, upper = sorted(sign * float(from_log(log_cost + side * off, scale)) for side in (-1, 1))
    direction = "up" if alarm.rising == (sign > 0) else "down"
    return (
        alarm.row, alarm.day, alarm.lag, alarm.channel, alarm.rising, alarm.told, alarm.score, channel.name, direction,
        observed, expected, lower, upper,
    )  # fmt: skip


def _finding(record: np.void, judged: Judged) -> Finding:
    """An alarm as what is told of it."""
    date = np.datetime64(int(judged.first_day[record["row"]]) + int(record["day"]), "D")
    observed, expected = (float(record[name]) for name in ("observed", "expected"))
    observed = observed if np.isfinite(observed) else None
    name = str(record["name"])
    return Finding(
        series_id=str(judged.series[record["row"]]),
        date=date,
        as_of=date + np.timedelta64(int(record["lag"]), "D"),
        kind=KINDS.get(name) or _shape(name, bool(record["rising"])),
        channel=name,
        direction=str(record["direction"]),
        observed=observed,
        expected=expected,
        lower=float(record["lower"]),
        upper=float(record["upper"]),
        impact=(observed or 0.0) - expected,
        score=float(record["score"]),
    )


def _shape(channel: str, rising: bool) -> str:
    if channel in ("cost", "per_row", "sum1"):
        return "spike" if rising else "drop"
    return "step" if rising else "drop"


def as_table(findings: list[Finding]) -> pa.Table:
    """The findings as a table, one row each."""
    names = list(Finding.__dataclass_fields__)
    columns = {name: [getattr(finding, name) for finding in findings] for name in names}
    for name in ("date", "as_of"):
        columns[name] = np.array(columns[name], dtype=DAY).astype("datetime64[s]").tolist()
    return pa.table(columns)
