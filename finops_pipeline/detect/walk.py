"""Morning after morning: compare what is visible with what is usual, raise what is not, remember it.

One incident raises one alarm: after it a series is quiet for two weeks, in which the new level becomes the usual one.
Only a sharp channel (a data fault, a new price, a new line) or something far larger speaks in that time. Days of an
incident do not count as the series' usual behaviour.
"""

from dataclasses import dataclass

import numpy as np

from finops_pipeline.detect.candidates import Candidates, Sight
from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.panel import SETTLED
from finops_pipeline.detect.recurring import HINDSIGHT, Pair
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
        self.channels = channels
        size, self.days = late.shape
        sight = Sight(late, material, last_morning)
        self.candidates = [(n, lag, found) for n, c in enumerate(channels) for lag, found in sight.candidates(c)]
        # how long an incident is remembered is all that tells the masks of channels apart
        self.masked = {memory: np.zeros(late.shape, bool) for memory in {c.memory for c in channels}}
        self.quiet_until = np.full(size, -1)
        self.last_day = np.full(size, -99)
        self.last_sharp = np.full(size, -99)
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
        self.quiet_until[:], self.last_score[:] = -1, 0
        self.last_day[:] = self.last_sharp[:] = -99

    def _listen(self, monday: int, end: int) -> list[_Loud]:
        since = LEARN_FROM if monday >= YOUNG else LEARN_YOUNG_FROM
        first_day = WARM_UP if monday < YOUNG else YOUNG
        loud = []
        for number, lag, candidates in self.candidates:
            found = candidates.between(max(first_day, monday - lag), min(end - lag, self.days))
            if len(found.row):
                past = slice(since, max(since + 3, monday - max(SETTLED, self.channels[number].gap)))
                score, rising = self._scored(self.channels[number], found, past)
                far = np.flatnonzero(score > 1)
                shape = np.full(len(far), lag), np.full(len(far), number)
                loud.append(_Loud(found.row[far], found.day[far] + lag, *shape, rising[far], score[far]))
        return loud

    def _scored(self, c: Channel, found: Candidates, past: slice) -> tuple[np.ndarray, np.ndarray]:
        """How far each candidate lies beyond its series' threshold, and whether it is a rise."""
        rows, place = np.unique(found.row, return_inverse=True)
        most, least = self._limits(c, c, rows, past)
        ups = found.up / np.maximum(most[place], found.noise)
        downs = found.down / np.maximum(least[place], found.noise)
        if c.within is not None:
            most, least = self._limits(c, c.within, rows, past)
            ups, downs = (
                np.minimum(ups, found.within_up / most[place]),
                np.minimum(downs, found.within_down / least[place]),
            )
        return np.maximum(ups, downs), ups >= downs

    def _limits(self, c: Channel, part: Channel, rows: np.ndarray, past: slice) -> Pair:
        """The thresholds of some series in both directions, by what they have shown outside of incidents."""
        keep = ~self.masked[c.memory][rows, past]
        up, down = part.up[rows, past], part.down[rows, past]
        if part.hindsight is not None and (clear := past.stop + SETTLED - HINDSIGHT) > past.start:
            for values, later in zip((up, down), part.hindsight, strict=True):
                known = values[:, : clear - past.start]
                np.minimum(known, later[rows, past.start : clear], out=known)
        return (
            thresholds(np.where(keep, up, np.nan), part.margin, part.least_up, part.rare, part.span),
            thresholds(np.where(keep, down, np.nan), part.margin, part.least_down, part.rare, part.span),
        )

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
        for memory, mask in self.masked.items():
            mask[row, max(0, day - 2) : day + memory + 3] = True
        sharp = self.channels[channel].sharp
        # an echo of the incident does not hush a fault of the data, which is something else
        since = self.last_sharp[row] if sharp else self.last_day[row]
        loud = sharp or score > 2 * max(self.last_score[row], 1.5)
        fresh = day > self.quiet_until[row] or (loud and day > since + APART)
        self.last_day[row] = day
        if sharp or fresh:
            self.last_sharp[row] = day
        self.quiet_until[row] = max(self.quiet_until[row], day + QUIET)
        if not fresh:
            return
        self.last_score[row] = score
        self.alarms.append(Alarm(row, day, lag, channel, rising, score))
