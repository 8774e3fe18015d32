"""Morning after morning: compare what is visible with what is usual, raise what is not, remember it.

One incident raises one alarm: after it a series is quiet for two weeks, in which the new level becomes the usual
one. Only
a sharp channel (a data fault, a new price, a new line) or something far larger speaks in that time. Days of an incident
do not count as the series' usual behaviour.
"""

from dataclasses import dataclass

import numpy as np

from finops_pipeline.detect.channels import Channel
from finops_pipeline.detect.panel import SETTLED
from finops_pipeline.detect.recurring import HINDSIGHT
from finops_pipeline.detect.thresholds import thresholds

WARM_UP = 35
"""Days before the first alarm of a series."""
YOUNG = 56
"""Days before an alarm can stand alone (incidents.py)."""
LEARN_FROM = 28
"""First day whose surprise counts: before it there is no level to be surprised from."""
LEARN_YOUNG_FROM = 14
"""The same while the series is young and has little else."""
REFRESH = 7
QUIET = 14
APART = 3

Limits = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Alarm:
    """A raised day: series row, day column, mornings later, channel number, direction, score."""

    row: int
    day: int
    lag: int
    channel: int
    rising: bool
    score: float


@dataclass(frozen=True)
class _Loud:
    """What spoke in some mornings, one entry per series, morning, day and channel."""

    row: np.ndarray
    morning: np.ndarray
    lag: np.ndarray
    channel: np.ndarray
    rising: np.ndarray
    score: np.ndarray


def walk(channels: list[Channel], late: np.ndarray, material: np.ndarray, last_morning: np.ndarray) -> list[Alarm]:
    """Go through the mornings in order, each series to its last; `material`: on which days enough money moved."""
    return _Walk(channels, late, material, last_morning).run()


class _Walk:
    """Thresholds are learnt once a week, so a week's mornings are compared at once, and then told in their order."""

    def __init__(self, channels: list[Channel], late: np.ndarray, material: np.ndarray, last_morning: np.ndarray):
        self.channels, self.late, self.material = channels, late, material
        self.last_morning = last_morning
        size, self.days = late.shape
        self.lateness = {c.name: _counted(c.late) for c in channels if c.late is not None} | {"": _counted(late)}
        self.masked = {c.name: np.zeros(late.shape, bool) for c in channels}
        self.quiet_until = np.full(size, -1)
        self.last_day = np.full(size, -99)
        self.last_score = np.zeros(size)
        self.alarms: list[Alarm] = []

    def run(self) -> list[Alarm]:
        for monday in range(WARM_UP, self.days + SETTLED, REFRESH):
            if monday == YOUNG:
                self._grow_up()
            self._tell(self._listen(monday, min(monday + REFRESH, self.days + SETTLED)))
        return self.alarms

    def _grow_up(self) -> None:
        """What was raised early on rests on little, and does not tell later on what is usual."""
        for mask in self.masked.values():
            mask[:] = False
        self.quiet_until[:], self.last_day[:], self.last_score[:] = -1, -99, 0

    def _listen(self, monday: int, end: int) -> list[_Loud]:
        since = LEARN_FROM if monday >= YOUNG else LEARN_YOUNG_FROM
        past = slice(since, max(since + 3, monday - SETTLED))
        first_day = WARM_UP if monday < YOUNG else YOUNG
        loud = []
        for number, c in enumerate(self.channels):
            for lag in (1, 2, 3):
                days = slice(max(first_day, monday - lag), min(end - lag, self.days))
                if days.start >= days.stop or not self._speaks(c, lag):
                    continue
                found = self._scored(c, days, lag, past)
                if found is not None:
                    row, column, score, rising = found
                    shape = np.full(len(row), number), np.full(len(row), lag)
                    loud.append(_Loud(row, days.start + column + lag, shape[1], shape[0], rising, score))
        return loud

    @staticmethod
    def _speaks(c: Channel, lag: int) -> bool:
        return (lag < SETTLED and bool(c.early)) or lag in (1 + c.wait, SETTLED)

    def _scored(
        self, c: Channel, days: slice, lag: int, past: slice
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
        """Rows, columns, scores and directions beyond the thresholds, which are made only where something may be."""
        use = self._visible(c, days, lag)
        up, down = _values(c, days, lag)
        if c.ease is not None:
            up = up / np.where(self.late[:, days] & (lag < SETTLED), 1.0, c.ease[:, days])
        noise = np.zeros(up.shape) if c.noise is None else c.noise[:, days]
        rises, falls = use & (up > np.maximum(c.least_up, noise)), use & (down > np.maximum(c.least_down, noise))
        within_up, within_down = _values(c.within or c, days, lag)
        if c.within is not None:
            rises, falls = rises & (within_up > c.within.least_up), falls & (within_down > c.within.least_down)
        rows = np.flatnonzero((rises | falls).any(axis=1))
        if not len(rows):
            return None
        most, least = self._limits(c, c, rows, past)
        most, least = np.maximum(most, noise[rows]), np.maximum(least, noise[rows])
        ups, downs = up[rows] / most, down[rows] / least
        if c.within is not None:
            within_most, within_least = self._limits(c, c.within, rows, past)
            ups, downs = (
                np.minimum(ups, within_up[rows] / within_most),
                np.minimum(downs, within_down[rows] / within_least),
            )
        score = np.where(use[rows], np.maximum(ups, downs), 0)
        place, column = np.nonzero(score > 1)
        if not len(place):
            return None
        return rows[place], column, score[place, column], (ups >= downs)[place, column]

    def _limits(self, c: Channel, part: Channel, rows: np.ndarray, past: slice) -> Limits:
        """The thresholds of some series in both directions, by what they have shown outside of incidents."""
        keep = ~self.masked[c.name][rows, past]
        up, down = part.up[rows, past], part.down[rows, past]
        if part.hindsight is not None and (clear := past.stop + SETTLED - HINDSIGHT) > past.start:
            up, down = up.copy(), down.copy()
            for values, hindsight in zip((up, down), part.hindsight, strict=True):
                values[:, : clear - past.start] = np.minimum(
                    values[:, : clear - past.start], hindsight[rows, past.start : clear]
                )
        return (
            thresholds(np.where(keep, up, np.nan), part.margin, part.least_up, part.rare, part.span)[:, None],
            thresholds(np.where(keep, down, np.nan), part.margin, part.least_down, part.rare, part.span)[:, None],
        )

    def _visible(self, c: Channel, days: slice, lag: int) -> np.ndarray:
        """For which series and days this channel can speak on the morning `lag` days later."""
        columns = np.arange(days.start, days.stop)
        late, lateness = self.late[:, days], self.lateness.get(c.name, self.lateness[""])
        if lag < SETTLED and c.early:
            use = late.copy() if lag == 2 else np.ones(late.shape, bool)
        else:
            end, start = np.minimum(columns + 1 + c.wait, self.days), np.maximum(columns - c.span + 1, 0)
            whole = lateness[:, end] == lateness[:, start]
            use = whole if lag < SETTLED else ~whole
        use &= self.last_morning[:, None] >= columns + lag
        if not c.sharp:
            use &= self.material[:, days] | (late & (lag < SETTLED))
        return use if c.gate is None else use & c.gate[:, days]

    def _tell(self, loud: list[_Loud]) -> None:
        """Raise, morning by morning, the loudest of each series; a channel that knows what it sees goes first."""
        if not loud:
            return
        row, morning, lag, channel, rising, score = (
            np.concatenate([getattr(part, name) for part in loud])
            for name in ("row", "morning", "lag", "channel", "rising", "score")
        )
        sharp = np.array([c.sharp for c in self.channels])[channel]
        order = np.lexsort((channel, lag, -score, ~sharp, row, morning))
        first = np.ones(len(order), bool)
        first[1:] = (np.diff(row[order]) != 0) | (np.diff(morning[order]) != 0)
        chosen = order[first]
        for number in chosen:
            self._raise(
                int(row[number]), int(morning[number] - lag[number]), int(lag[number]), int(channel[number]),
                bool(rising[number]), float(score[number]),
            )  # fmt: skip

    def _raise(self, row: int, day: int, lag: int, channel: int, rising: bool, score: float) -> None:
        for c in self.channels:
            self.masked[c.name][row, max(0, day - 2) : day + c.memory + 3] = True
        loud = self.channels[channel].sharp or score > 2 * max(self.last_score[row], 1.5)
        fresh = day > self.quiet_until[row] or (loud and day > self.last_day[row] + APART)
        self.last_day[row] = day
        self.quiet_until[row] = max(self.quiet_until[row], day + QUIET)
        if not fresh:
            return
        self.last_score[row] = score
        self.alarms.append(Alarm(row, day, lag, channel, rising, score))


def _counted(late: np.ndarray) -> np.ndarray:
    """How many late days came before each."""
    return np.cumsum(np.pad(late, ((0, 0), (1, 0))), axis=1)


def _values(c: Channel, days: slice, lag: int) -> Limits:
    if lag < SETTLED and c.early:
        return c.early[lag][0][:, days], c.early[lag][1][:, days]
    return c.up[:, days], c.down[:, days]
