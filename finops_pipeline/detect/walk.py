"""Morning after morning: compare what is visible with what is usual, raise what is not, remember it.

One incident raises one alarm: after it a series is quiet for two weeks, in which the new level becomes the usual one.
Only a sharp channel (a data fault, a new price, a new line) or something far larger speaks in that time. Days of an
incident do not count as the series' usual behaviour.
"""

from dataclasses import dataclass, fields

import numpy as np

from finops_pipeline.detect.belief import DOUBTED, HINT, LONG_AGO, Hints
from finops_pipeline.detect.candidates import Candidates, Sight
from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.expected import FLOOR
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
SMALLER = 0.25
"""Share of what a series usually costs below which what it once cost tells nothing of its surprises."""
REFRESH, QUIET, APART = 7, 14, 3
"""Days for which thresholds hold, after an alarm, and from it to the next that may speak in that time."""


@dataclass(frozen=True)
class Alarm:
    """A raised day: series row, day column, mornings later, channel number, direction, score.

    What is not `told` belongs to an incident that was; it is remembered all the same.
    """

    row: int
    day: int
    lag: int
    channel: int
    rising: bool
    score: float
    told: bool

    @property
    def morning(self) -> int:
        """The column of the morning on which it was raised."""
        return self.day + self.lag


@dataclass(frozen=True)
class Past:
    """What earlier walks raised (rows of `judged.RAISED`), and from which morning on each series has to be walked."""

    since: np.ndarray
    raised: np.ndarray

    def part(self, rows: np.ndarray) -> "Past":
        """The same of some series."""
        place = np.full(len(self.since), -1)
        place[rows] = np.arange(len(rows))
        raised = self.raised[place[self.raised["row"]] >= 0]
        raised["row"] = place[raised["row"]]
        return Past(self.since[rows], raised)

    def alarms(self) -> list[Alarm]:
        """In the order of the mornings."""
        found = (Alarm(*(record[field.name] for field in fields(Alarm))) for record in self.raised)
        return sorted(found, key=lambda alarm: alarm.morning)


@dataclass(frozen=True)
class Loud:
    """What spoke in some mornings, one entry per series, morning, day and channel."""

    row: np.ndarray
    morning: np.ndarray
    lag: np.ndarray
    channel: np.ndarray
    rising: np.ndarray
    score: np.ndarray


def walk(sight: Sight, channels: list[Channel], past: Past) -> list[Alarm]:
    """Go through the mornings in order, each series to its last.

    A series with a past goes on from it: raised is what walking all would raise, and only the new is returned.
    """
    return Walk(sight, channels, past).run()


class Walk:
    """Thresholds are learnt once a week, so a week's mornings are compared at once, and then told in their order."""

    def __init__(self, sight: Sight, channels: list[Channel], past: Past):
        self.channels, self.scale, self.around = channels, sight.scale, sight.around
        size, self.days = sight.late.shape
        self.candidates = [
            (n, lag, found.of_mornings(lag, past.since))
            for n, c in enumerate(channels)
            for lag, found in sight.candidates(c)
        ]
        self.first = max(WARM_UP, int(past.since.min(initial=0)))
        self.past = past.alarms()
        # how long an incident is remembered is all that tells the masks of channels apart
        self.masked = {memory: np.zeros(sight.late.shape, bool) for memory in {c.memory for c in channels}}
        self.told = np.zeros(sight.late.shape, bool)
        self.quiet_until = np.full(size, -1)
        self.last_day = np.full(size, -99)
        self.last_sharp = np.full(size, -99)
        self.last_score = np.zeros(size)
        self.last_fault = {fault: np.full(size, -99) for fault in {c.fault for c in self.channels}}
        self.alarms: list[Alarm] = []

    def run(self) -> list[Alarm]:
        """All mornings, in their order."""
        replayed = 0
        for monday in range(WARM_UP, self.days + SETTLED, REFRESH):
            end = min(monday + REFRESH, self.days + SETTLED)
            if monday == YOUNG:
                self._grow_up()
            loud = self._listen(monday, end) if end > self.first else []
            while replayed < len(self.past) and self.past[replayed].morning < end:
                self._remember(self.past[replayed])
                replayed += 1
            self._tell(loud, monday)
        return self.alarms

    def _grow_up(self) -> None:
        """What was raised early on rests on little, and does not tell later on what is usual."""
        for mask in self.masked.values():
            mask[:] = False
        self.quiet_until[:], self.last_score[:] = -1, 0
        for last in (self.last_day, self.last_sharp, *self.last_fault.values()):
            last[:] = -99

    def _listen(self, monday: int, end: int) -> list[Loud]:
        since = LEARN_FROM if monday >= YOUNG else LEARN_YOUNG_FROM
        first_day = WARM_UP if monday < YOUNG else YOUNG
        loud = []
        for number, lag, candidates in self.candidates:
            found = candidates.between(max(first_day, monday - lag), min(end - lag, self.days))
            if len(found.row):
                past = slice(since, max(since + 3, monday - max(SETTLED, self.channels[number].gap)))
                score, rising = self._scored(self.channels[number], found, past)
                far = np.flatnonzero(score > HINT)
                shape = np.full(len(far), lag), np.full(len(far), number)
                loud.append(Loud(found.row[far], found.day[far] + lag, *shape, rising[far], score[far]))
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
        keep = ~self.masked[c.memory][rows, past] & self._alike(rows, past)
        up, down = part.up[rows, past], part.down[rows, past]
        if part.hindsight is not None and (clear := past.stop + SETTLED - HINDSIGHT) > past.start:
            for values, later in zip((up, down), part.hindsight(), strict=True):
                known = values[:, : clear - past.start]
                np.minimum(known, later[rows, past.start : clear], out=known)
        return (
            thresholds(np.where(keep, up, np.nan), part.margin, part.least_up, part.rare, part.span),
            thresholds(np.where(keep, down, np.nan), part.margin, part.least_down, part.rare, part.span),
        )

    def _alike(self, rows: np.ndarray, past: slice) -> np.ndarray:
        """The days on which a series was not far smaller than now, once enough of them are known: a launch is over."""
        scale = self.scale[rows, past]
        alike = scale >= SMALLER * scale[:, -1:]
        return alike | (alike.sum(axis=1, keepdims=True) < YOUNG)

    def _tell(self, parts: list[Loud], monday: int) -> None:
        """Raise, morning by morning, the loudest of each series; a channel that knows what it sees goes first."""
        if not parts:
            return
        loud = Loud(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Loud)))
        weighed = np.array([c.weighed for c in self.channels])[loud.channel]
        score = np.where(weighed, self.hints(loud, monday).believed(), loud.score)
        row, morning, lag, channel, rising, score = (
            values[score > 1] for values in (loud.row, loud.morning, loud.lag, loud.channel, loud.rising, score)
        )
        sharp = np.array([c.sharp for c in self.channels])[channel]
        order = np.lexsort((channel, lag, -score, ~sharp, row, morning))
        first = np.ones(len(order), bool)
        first[1:] = (np.diff(row[order]) != 0) | (np.diff(morning[order]) != 0)
        for number in order[first]:
            self._raise(
                int(row[number]), int(morning[number] - lag[number]), int(lag[number]), int(channel[number]),
                bool(rising[number]), float(score[number]),
            )  # fmt: skip

    def hints(self, loud: Loud, monday: int) -> Hints:
        """What else is known of the series of some mornings, as far as the week's first one knew it."""
        row, day, end = loud.row, loud.morning - loud.lag, monday - SETTLED
        lately = self.told[:, max(0, end - LONG_AGO) : end][row, ::-1]
        return Hints(
            group=(row * (self.days + SETTLED) + loud.morning) * 2 + loud.rising,
            channel=loud.channel,
            span=np.array([c.span for c in self.channels])[loud.channel],
            score=loud.score,
            rising=loud.rising,
            told=self.told[:, max(0, end - DOUBTED) : end].sum(axis=1)[row],
            ago=np.where(lately.any(axis=1), day - end + 1 + lately.argmax(axis=1), LONG_AGO),
            size=self.scale[row, day] / FLOOR,
            known=self.around().at(row, day, loud.lag),
        )

    def _raise(self, row: int, day: int, lag: int, channel: int, rising: bool, score: float) -> None:
        sharp = self.channels[channel].sharp
        # an echo of the incident does not hush a fault of the data, which is something else
        since = self.last_sharp[row] if sharp else self.last_day[row]
        loud = sharp or score > 2 * max(self.last_score[row], 1.5)
        fault = self.channels[channel].fault
        another = fault and day > self.last_fault[fault][row] + APART
        told = bool(day > self.quiet_until[row] or (loud and day > since + APART) or another)
        alarm = Alarm(row, day, lag, channel, rising, score, told)
        self.alarms.append(alarm)
        self._remember(alarm)

    def _remember(self, alarm: Alarm) -> None:
        """What an alarm means for later mornings."""
        row, day = alarm.row, alarm.day
        for memory, mask in self.masked.items():
            mask[row, max(0, day - 2) : day + memory + 3] = True
        self.last_day[row] = day
        self.last_fault[self.channels[alarm.channel].fault][row] = day
        if alarm.told or self.channels[alarm.channel].sharp:
            self.last_sharp[row] = day
        self.quiet_until[row] = max(self.quiet_until[row], day + QUIET)
        if alarm.told:
            self.last_score[row] = alarm.score
            self.told[row, day] = True
