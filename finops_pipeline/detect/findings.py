"""From daily tables to findings: the one entry point of detection."""

import os
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.channels import Channel, watched
from finops_pipeline.detect.completeness import completeness
from finops_pipeline.detect.expected import Expectation, expectation, from_log, orientation, to_log
from finops_pipeline.detect.panel import DAY, Panel, panel_of
from finops_pipeline.detect.walk import Alarm, walk

MATERIAL = 0.5
"""Dollars a day that have to move before anyone is told."""

BLOCK = 500
"""Series that are judged at once: enough for numpy, few enough for the processor's cache; 150 or 2,500 cost more."""
ALONE = 2000
"""Series up to which one process judges all: starting others takes as long as a thousand series."""
WORKERS = 4
"""Processes at most, however many cores there are: each holds its own copy of numpy's scratch memory."""

KINDS = {
    "missing": "missing",
    "zero": "zero",
    "twice": "duplicated",
    "price": "price",
    "new": "new_sku",
    "ramp": "ramp",
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
    """Every alarm that a run on each morning would have raised, with the morning it would have been raised on.

    Blocks of series are judged by themselves, many of them in processes side by side; what forms a group stays in one
    block, so that findings do not depend on how many cores there are.
    """
    order = np.argsort(panel.group, kind="stable")
    groups = panel.group[order]
    starts = [0]
    for row in range(1, len(order)):
        if row - starts[-1] >= BLOCK and (groups[row] != groups[row - 1] or not groups[row]):
            starts.append(row)
    blocks = [panel.part(rows) for rows in np.split(order, starts[1:])]
    workers = min(WORKERS, os.cpu_count() or 1)
    if len(order) > ALONE and workers > 1:
        # imported here: what runs in the processes is this module
        from finops_pipeline.detect.side_by_side import in_processes

        found = in_processes(blocks, workers)
    else:
        found = [finding for block in blocks for finding in findings_of_block(block)]
    return sorted(found, key=lambda f: (f.series_id, f.date))


@np.errstate(all="ignore")
def findings_of_block(panel: Panel) -> list[Finding]:
    """The findings of one block, in one process."""
    sign = orientation(panel.cost)
    panel = replace(
        panel, cost=panel.cost * sign, first_cost=panel.first_cost * sign, second_cost=panel.second_cost * sign
    )
    rough = panel.rough()
    first = completeness(rough.first_cost, rough.cost, panel.late)
    second = completeness(rough.second_cost, rough.cost, panel.late)
    e = expectation(rough.cost, rough.second_cost, second)
    channels = watched(rough, e, first, second)
    material = np.abs(e.filled - e.money(e.expected)) >= MATERIAL
    alarms = walk(channels, panel.late, material, panel.last_morning)
    return [_finding(panel, e, channels, alarm, sign) for alarm in alarms]


def _finding(panel: Panel, e: Expectation, channels: list[Channel], alarm: Alarm, signs: np.ndarray) -> Finding:
    row, day, rising = alarm.row, alarm.day, alarm.rising
    at = (row, day)
    sign = float(signs[at])
    scale, log_cost = e.scale[at], e.expected[at]
    expected = sign * float(from_log(log_cost, scale))
    present = bool(np.isfinite(panel.cost[at]))
    looked_at = {1: panel.first_cost, 2: panel.second_cost}.get(alarm.lag, panel.cost)
    seen = sign * float(looked_at[at]) if present else None
    # the band that would just not have been left: the day lies `score` times as far off
    off = abs(float(to_log(np.asarray(sign * (seen or 0.0)), scale)) - log_cost) / alarm.score
    money = sorted(sign * float(from_log(log_cost + side * off, scale)) for side in (-1, 1))
    date = np.datetime64(int(panel.first_day[row]) + day, "D")
    name = channels[alarm.channel].name
    return Finding(
        series_id=str(panel.series[row]),
        date=date,
        as_of=date + np.timedelta64(alarm.lag, "D"),
        kind=KINDS.get(name) or _shape(name, rising),
        channel=name,
        direction="up" if rising == (sign > 0) else "down",
        observed=seen,
        expected=expected,
        lower=money[0],
        upper=money[1],
        impact=(seen or 0.0) - expected,
        score=alarm.score,
    )


def _shape(channel: str, rising: bool) -> str:
    if channel in ("cost", "sum1"):
        return "spike" if rising else "drop"
    return "step" if rising else "drop"


def as_table(findings: list[Finding]) -> pa.Table:
    """The findings as a table, one row each."""
    names = list(Finding.__dataclass_fields__)
    columns = {name: [getattr(finding, name) for finding in findings] for name in names}
    for name in ("date", "as_of"):
        columns[name] = np.array(columns[name], dtype=DAY).astype("datetime64[s]").tolist()
    return pa.table(columns)
