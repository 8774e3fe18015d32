"""Morning after morning: compare what is visible with what is usual, raise what is not, remember it.

One incident raises one alarm: after it a series is quiet for two weeks, in which the new level becomes the usual
one. Only
a sharp channel (a data fault, a new price, a new line) or something far larger speaks in that time. Days of an incident
do not count as the series' usual behaviour.
"""

from dataclasses import dataclass, field

import numpy as np

from finops_pipeline.detect.channels import Channel
from finops_pipeline.detect.panel import SETTLED
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


@dataclass
class Alarms:
    """Raised days, one entry per alarm: series row, day column, mornings later, channel number, direction, score."""

    row: list[int] = field(default_factory=list)
    day: list[int] = field(default_factory=list)
    lag: list[int] = field(default_factory=list)
    channel: list[int] = field(default_factory=list)
    rising: list[bool] = field(default_factory=list)
    score: list[float] = field(default_factory=list)


@dataclass
class _Best:
    """The most surprising statement about each series on one morning."""

    score: np.ndarray
    channel: np.ndarray
    day: np.ndarray
    lag: np.ndarray
    rising: np.ndarray


def walk(channels: list[Channel], late: np.ndarray, material: np.ndarray, last_morning: np.ndarray) -> Alarms:
    """Go through the mornings in order, each series to its last; `material`: on which days enough money moved."""
    return _Walk(channels, late, material, last_morning).run()


class _Walk:
    def __init__(self, channels: list[Channel], late: np.ndarray, material: np.ndarray, last_morning: np.ndarray):
        self.channels, self.late, self.material = channels, late, material
        self.last_morning = last_morning
        size, self.days = late.shape
        self.masked = {c.name: np.zeros(late.shape, bool) for c in channels}
        self.limits: dict[str, Limits] = {}
        self.quiet_until = np.full(size, -1)
        self.last_day = np.full(size, -99)
        self.last_score = np.zeros(size)
        self.alarms = Alarms()

    def run(self) -> Alarms:
        for morning in range(WARM_UP, self.days + SETTLED):
            if morning == YOUNG:
                self._grow_up()
            if morning % REFRESH == 0 or not self.limits:
                self._learn(morning)
            best = self._look(morning)
            found = np.flatnonzero(best.channel >= 0)
            if len(found):
                self._raise(found, best)
        return self.alarms

    def _grow_up(self) -> None:
        """What was raised early on rests on little, and does not tell later on what is usual."""
        for mask in self.masked.values():
            mask[:] = False
        self.quiet_until[:], self.last_day[:], self.last_score[:] = -1, -99, 0

    def _learn(self, morning: int) -> None:
        since = LEARN_FROM if morning >= YOUNG else LEARN_YOUNG_FROM
        past = slice(since, max(since + 3, morning - SETTLED))
        for c in self.channels:
            for part in [c] if c.within is None else [c, c.within]:
                keep = ~self.masked[c.name][:, past]
                self.limits[part.name] = (
                    thresholds(np.where(keep, part.up[:, past], np.nan), part.margin, part.least_up, part.rare),
                    thresholds(np.where(keep, part.down[:, past], np.nan), part.margin, part.least_down, part.rare),
                )

    def _look(self, morning: int) -> _Best:
        size = len(self.late)
        best = _Best(np.ones(size), np.full(size, -1), np.zeros(size, int), np.zeros(size, int), np.zeros(size, bool))
        named = np.zeros(size, bool)
        for lag in (1, 2, 3):
            day = morning - lag
            if not (WARM_UP if morning < YOUNG else YOUNG) <= day < self.days:
                continue
            for number, c in enumerate(self.channels):
                use = self._visible(c, day, lag)
                if not use.any():
                    continue
                up, down = self._scores(c, day, lag)
                score = np.where(use, np.maximum(up, down), 0)
                # a channel that knows what it sees names it, however loud the others are
                better = (score > best.score) & (c.sharp | ~named) | (c.sharp & ~named & (score > 1))
                named |= better & c.sharp
                best.score[better], best.channel[better] = score[better], number
                best.day[better], best.lag[better], best.rising[better] = day, lag, (up >= down)[better]
        return best

    def _visible(self, c: Channel, day: int, lag: int) -> np.ndarray:
        """Series for which this channel can speak about the day on this morning."""
        if lag < SETTLED and c.early:
            use = self.late[:, day] if lag == 2 else np.ones(len(self.late), bool)
        elif lag not in (1 + c.wait, SETTLED):
            return np.zeros(len(self.late), bool)
        else:
            whole = ~self.late[:, max(0, day - c.span + 1) : day + 1 + c.wait].any(axis=1)
            use = whole if lag < SETTLED else ~whole
        use = use & (self.last_morning >= day + lag)
        if not c.sharp:
            use = use & (self.material[:, day] | (self.late[:, day] & (lag < SETTLED)))
        return np.asarray(use if c.gate is None else use & c.gate[:, day])

    def _scores(self, c: Channel, day: int, lag: int) -> Limits:
        up, down = _values(c, day, lag)
        most, least = self.limits[c.name]
        if c.noise is not None:
            most, least = np.maximum(most, c.noise[:, day]), np.maximum(least, c.noise[:, day])
        up, down = up / most, down / least
        if c.ease is not None:
            up = up / np.where(self.late[:, day] & (lag < SETTLED), 1.0, c.ease[:, day])
        if c.within is not None:
            within_up, within_down = _values(c.within, day, lag)
            up = np.minimum(up, within_up / self.limits[c.within.name][0])
            down = np.minimum(down, within_down / self.limits[c.within.name][1])
        return up, down

    def _raise(self, found: np.ndarray, best: _Best) -> None:
        day, score = best.day[found], best.score[found]
        for row, first in zip(found, day, strict=True):
            for c in self.channels:
                self.masked[c.name][row, max(0, first - 2) : first + c.memory + 3] = True
        sharp = np.array([self.channels[number].sharp for number in best.channel[found]])
        loud = sharp | (score > 2 * np.maximum(self.last_score[found], 1.5))
        fresh = (day > self.quiet_until[found]) | (loud & (day > self.last_day[found] + APART))
        self.last_day[found] = day
        self.last_score[found[fresh]] = score[fresh]
        self.quiet_until[found] = np.maximum(self.quiet_until[found], day + QUIET)
        for row in found[fresh]:
            self.alarms.row.append(int(row))
            self.alarms.day.append(int(best.day[row]))
            self.alarms.lag.append(int(best.lag[row]))
            self.alarms.channel.append(int(best.channel[row]))
            self.alarms.rising.append(bool(best.rising[row]))
            self.alarms.score.append(float(best.score[row]))


def _values(c: Channel, day: int, lag: int) -> Limits:
    if lag < SETTLED and c.early:
        return c.early[lag][0][:, day], c.early[lag][1][:, day]
    return c.up[:, day], c.down[:, day]
