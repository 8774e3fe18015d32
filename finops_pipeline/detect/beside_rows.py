"""What the number of lines says of a cost: more of the same business brings more lines, a wrong setting does not.

Where the two have gone together, a change that the lines show as well has to be larger to be told, and one that they do
not show stands out of far less noise than the cost alone.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation, to_log
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.recurring import Calendar, Pair, Recurring, beyond
from finops_pipeline.detect.windows import back, extremes_back, median_at, median_back, running_mean

TOGETHER = 0.75
"""Correlation over two months from which lines tell cost."""
HALF = 0.5
"""Share of a day's change in cost that the lines have to show to explain it."""
MUCH = 0.4
"""The same of a change that lasts."""
RISE_LEFT, FALL_LEFT = 0.4, 0.6
"""What counts of a lasting rise and fall that lines show as well: growth is business more often than an end is."""
CLIPPED = 0.9
"""Larger changes than this count as this in what is learnt: a few incidents would tell the rest."""


@dataclass(frozen=True)
class BesideRows:
    """How far a day's cost and lines lie off their usual level, as logarithms, and how the one follows the other."""

    off: np.ndarray
    rows: np.ndarray
    slope: np.ndarray
    telling: np.ndarray
    """Days on which the lines have told the cost for two months."""

    @cached_property
    def rest(self) -> np.ndarray:
        """What of the cost the lines do not tell."""
        return self.off - self.slope * self.rows

    @classmethod
    def of(cls, panel: Panel, e: Expectation) -> "BesideRows":
        """One slope for each series and day, from the two months before."""
        off, rows = e.observed - e.middle, log_rows(panel)
        x, y = np.clip(rows, -CLIPPED, CLIPPED), np.clip(off, -CLIPPED, CLIPPED)
        past = lambda v: back(running_mean(v, 60), 3) + 1e-9  # noqa: E731
        xy, xx, yy = past(x * y), past(x * x), past(y * y)
        slope = np.clip(xy / xx, 0, 1.5).astype(off.dtype)
        return cls(off, rows, slope, xy > TOGETHER * np.sqrt(xx * yy))

    def ease(self) -> np.ndarray:
        """How many times as far a rise has to go: above 1 where the lines tell most of it, below where next to none."""
        told = np.where(self.rest < HALF * self.off, 3.0, np.where(self.rest > 0.8 * self.off, 0.85, 1.0))
        return np.where(self.telling & (self.off > 0), told, 1.0).astype(self.off.dtype)


def log_rows(panel: Panel) -> np.ndarray:
    """Log row counts against their middle of four weeks."""
    rows = panel.log_rows
    return rows - median_back(rows, 2, 29)


def rows_follow(panel: Panel, span: int, change: np.ndarray) -> np.ndarray:
    """Whether much of a lasting change is a change of the number of lines too, in the same direction."""
    rows = panel.log_rows
    moved = median_at(rows, range(span)) - median_back(rows, span, span + 27)
    return (change != 0) & (moved * np.sign(change) > MUCH * np.abs(change))


def untold(panel: Panel, span: int, up: np.ndarray, down: np.ndarray) -> Pair:
    """What of a lasting change the lines do not tell: where they rise or fall with it, some business did."""
    told = rows_follow(panel, span, up - down)
    return np.where(told, RISE_LEFT * up, up), np.where(told, FALL_LEFT * down, down)


def per_row_channel(
    panel: Panel, e: Expectation, beside: BesideRows, calendar: Calendar, second: Completeness
) -> Channel:
    """One day's cost that its lines do not tell, where they always told it; what the calendar knows is left out.

    Lines of a late feed come with their cost: what both lack on the second morning cancels.
    """
    rest = beside.rest
    up, none = np.maximum(np.minimum(rest, e.residual), 0), np.zeros_like(rest)
    noise = 4.5 * 1.48 * median_at(np.abs(rest), range(3, 63, 2))
    seen = to_log(panel.second_cost / second.at_most, e.scale)
    lines = beside.rows + np.log1p(panel.second_rows / second.at_most).astype(rest.dtype) - panel.log_rows
    seen_rest = np.nan_to_num(np.where(panel.late, seen - e.middle - beside.slope * lines, rest))
    seen_up = np.maximum(np.minimum(seen_rest, np.nan_to_num(np.where(panel.late, seen - e.expected, up))), 0)
    # the calendar looks back further than what a look at the newest days has
    unsure = beside.telling & (np.maximum(up, seen_up) > np.maximum(0.14, 0.99 * noise))
    asked = np.flatnonzero(unsure.any(axis=1))
    known = Recurring(rest[asked], calendar.part(asked)).before()
    for rise, left in ((up, rest), (seen_up, seen_rest)):
        rise[asked] = np.where(unsure[asked] & (beyond(left[asked], known)[0] == 0), 0, rise[asked])
    early = {1: (np.where(panel.late, 0, up), none), 2: (seen_up, none)}
    return Channel("per_row", up, none, 1, 0.15, 9.0, early=early, gate=unsure, noise=noise, unsure=unsure)


def envelope_channels(
    panel: Panel, e: Expectation, beside: BesideRows, day: Channel, second: Completeness
) -> list[Channel]:
    """Cost that its rows do not tell: a burst brings lines, a wrong setting does not.

    Where nobody counts lines, as in a team's cost, the largest day so far alone speaks: half as far is enough.
    """
    usual = extremes_back(e.observed, 2, 29)[1] - 0.3

    def high(cost: np.ndarray, rows: np.ndarray, unknown: np.ndarray) -> np.ndarray:
        varies = e.bursty | e.intermittent
        return varies & (cost > 0.3) & (rows < 0.25) & (unknown > 0.3) & (cost + e.middle > usual)

    cost, rows = beside.off, beside.rows
    settled, none = high(cost, rows, day.up), np.zeros_like(cost)
    above = above_envelope((cost, rows), (cost, rows), 0.05, settled)
    # a late feed's second look: at least what it shows, of lines as many as it usually means
    seen = np.nan_to_num(to_log(panel.second_cost / second.at_most, e.scale) - e.middle)
    seen_rows = rows + np.nan_to_num(np.log1p(panel.second_rows / second.usual).astype(rows.dtype) - panel.log_rows)
    seen_high = panel.late & high(seen, seen_rows, day.early[2][0])
    early = {2: (above_envelope((seen, seen_rows), (cost, rows), 0.05, seen_high), none)}
    counted = np.asarray(np.isfinite(panel.rows).any(axis=1, keepdims=True))
    return [
        Channel(
            name, above, none, 1, least, 9.0, 1.6,
            early=early, gate=where, settled=settled, unsure=where & (settled | seen_high), weighed=False,
        )
        for name, least, where in (("given_rows", 1.0, counted), ("above_all", 0.55, ~counted))
    ]  # fmt: skip


def above_envelope(now: Pair, past: Pair, slack: float, gate: np.ndarray) -> np.ndarray:
    """How far a value exceeds the second largest seen while the other measure was no higher than now."""
    (value_now, given_now), (value, given) = now, past
    out = np.zeros_like(value)
    row, day = np.nonzero(gate)
    days = np.arange(value.shape[1])[None, :]
    for start in range(0, len(row), 4096):
        r, d = row[start : start + 4096], day[start : start + 4096]
        like = (given[r] <= given_now[r, d, None] + slack) & (days >= 14) & (days < d[:, None] - 2)
        top = np.partition(np.where(like, value[r], -99.0), -2, axis=1)[:, -2]
        enough = like.sum(axis=1) >= 15
        out[r, d] = np.where(enough, np.maximum(value_now[r, d] - np.maximum(top, 0), 0), 0)
    return out
