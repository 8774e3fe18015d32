"""Days on which a channel may speak at all, before any threshold is learnt: few, found at once for all mornings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from finops_pipeline.detect.around import Around
from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.panel import SETTLED, Panel
from finops_pipeline.detect.recurring import Pair

MATERIAL = 0.5
"""Dollars a day that have to move before anyone is told."""
ALL_BUT = 0.9999
"""More than sums of floats can differ by when they begin on another day."""
LEAST_EASE = 0.8
"""Less than `Channel.ease` ever is."""


@dataclass(frozen=True)
class Candidates:
    """One entry per series and day that one channel looks at `lag` mornings later, in the order of the days."""

    row: np.ndarray
    day: np.ndarray
    up: np.ndarray
    down: np.ndarray
    noise: np.ndarray
    within_up: np.ndarray
    within_down: np.ndarray

    def between(self, first: int, end: int) -> "Candidates":
        """Those of the days from `first` to before `end`."""
        start, stop = np.searchsorted(self.day, (first, end))
        return self._where(slice(start, stop))

    def of_mornings(self, lag: int, since: np.ndarray) -> "Candidates":
        """Those that are looked at on a morning not before the one of their series."""
        return self._where(self.day + lag >= since[self.row])

    def _where(self, chosen: np.ndarray | slice) -> "Candidates":
        return Candidates(*(getattr(self, field.name)[chosen] for field in fields(self)))


@dataclass(frozen=True)
class Sight:
    """What mornings can see: late days, on which days enough money moved, and each series' newest morning."""

    late: np.ndarray
    material: np.ndarray
    last_morning: np.ndarray
    length: np.ndarray
    """Days of each series: behind them stand those of longer ones."""
    scale: np.ndarray
    """What counts as next to nothing on each day: a part of what was usual then."""
    around: Callable[[], Around]
    """What a hint is weighed by."""
    generous: bool = False
    """Whether to let through what is all but far enough, and what its rows may speak for: see news.py."""

    @classmethod
    def of(cls, panel: Panel, e: Expectation, generous: bool = False) -> "Sight":
        """What the mornings of a panel can see."""
        # a level that has changed is soon what is expected
        moved = [np.abs(e.filled - e.money(usual)) for usual in (e.expected, e.middle)]
        return cls(
            panel.late,
            np.maximum(*moved) >= MATERIAL,
            panel.last_morning,
            panel.length,
            e.scale,
            cache(lambda: Around.of(panel, e)),
            generous,
        )

    def candidates(self, c: Channel) -> Iterator[tuple[int, Candidates]]:
        """By lag, the days that lie beyond what a channel asks for at least and beyond the usual noise."""
        for lag in (1, 2, SETTLED):
            if lag in c.early or lag in (1 + c.wait, SETTLED):
                yield lag, self._candidates(c, lag)

    def _candidates(self, c: Channel, lag: int) -> Candidates:
        up, down = _values(c, lag)
        within_up, within_down = _values(c.within, lag) if c.within else (up, down)
        least_up, least_down = (c.within.least_up, c.within.least_down) if c.within else (c.least_up, c.least_down)
        slack = ALL_BUT if self.generous else 1.0
        up_cell, down_cell = (
            (up > slack * c.least_up) & (within_up > slack * least_up),
            (down > slack * c.least_down) & (within_down > slack * least_down),
        )
        # columns first: in the order of the days
        day, row = np.nonzero(((up_cell | down_cell) & self._visible(c, lag)).T)
        noise = np.zeros(len(row), up.dtype) if c.noise is None else c.noise[row, day]
        rise, fall = up[row, day], down[row, day]
        if self.generous:
            rise, noise = rise / LEAST_EASE, noise * slack
        elif c.ease is not None:
            rise = rise / np.where(self.late[row, day] & (lag < SETTLED), 1.0, c.ease()[row, day])
        far = (up_cell[row, day] & (rise > noise)) | (down_cell[row, day] & (fall > noise))
        found = Candidates(row, day, rise, fall, noise, within_up[row, day], within_down[row, day])
        return found._where(far)

    def _visible(self, c: Channel, lag: int) -> np.ndarray:
        """For which series and days a channel can speak on the morning `lag` days later."""
        late = self.late if c.late is None else c.late
        columns = np.arange(late.shape[1])
        if lag in c.early:
            use = np.ones(late.shape, bool) if lag == 1 + c.wait else late.copy()
        else:
            count = np.cumsum(np.pad(late, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
            end, start = np.minimum(columns + 1 + c.wait, late.shape[1]), np.maximum(columns - c.span + 1, 0)
            whole = count[:, end] == count[:, start]
            use = whole if lag < SETTLED else ~whole
        use &= (self.last_morning[:, None] >= columns + lag) & (columns < self.length[:, None])
        if not c.sharp:
            use &= (self.material | self.late) if lag < SETTLED else self.material
        for gate in (c.gate, None if lag in c.early else c.settled):
            if gate is not None:
                use &= gate
        return use


def _values(c: Channel, lag: int) -> Pair:
    """What a channel shows of each day `lag` mornings later."""
    return c.early.get(lag, (c.up, c.down))
