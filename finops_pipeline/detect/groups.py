"""Series that belong together, such as a team and the cost without an owner: what one loses, the others gain."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.recurring import Pair
from finops_pipeline.detect.windows import back, median_at, running_mean

LEAST = 0.4
"""Share of what a series usually costs that has to leave it."""
CANCELS = 0.4
"""Share of the larger of the two changes that may be left of their sum."""
CHANCE = 2.5
"""How far both sides together have to move, in their usual changes: two that vary cancel now and then."""


def moved_channels(panel: Panel, e: Expectation, second: Completeness) -> list[Channel]:
    """Where there are groups: money that left one series and turned up in the others on the same day."""
    groups = [np.flatnonzero(panel.group == name) for name in np.unique(panel.group) if name]
    if not groups:
        return []
    usual = back(running_mean(np.abs(e.filled), 28), 3) + e.scale
    late = panel.late.copy()
    for rows in groups:
        days = _Days.of(panel, rows)
        days.put(late, np.logical_or.reduce(days.of_all(panel.late), axis=0, keepdims=True))
    # after an incident the forecast is used to it: what returns then has not moved off the same weekdays' cost
    likely, weekdays = e.money(e.expected), e.money(median_at(e.observed, range(7, 35, 7)))

    def moved(cost: np.ndarray) -> Pair:
        return _moved(panel, groups, np.nan_to_num(cost - likely), np.nan_to_num(cost - weekdays), usual)

    up, down = moved(panel.cost)
    # a late feed's second look, made whole by what it usually shows
    early = {1: (np.where(late, 0, up), np.where(late, 0, down)), 2: moved(panel.second_cost / second.usual)}
    return [
        Channel("moved", up, down, 1, LEAST, LEAST, 1.2, memory=14, early=early, sharp=True, late=late, weighed=False)
    ]


def _moved(
    panel: Panel, groups: list[np.ndarray], change: np.ndarray, by_weekdays: np.ndarray, usual: np.ndarray
) -> Pair:
    """Share of what the losers usually cost that each series gained and lost on a day."""
    up, down = np.zeros(change.shape), np.zeros(change.shape)
    for rows in groups:
        days = _Days.of(panel, rows)
        own, level = days.of_all(change), days.of_all(usual)
        others = own.sum(axis=0) - own
        cancels = np.abs(own + others) < CANCELS * np.maximum(np.abs(own), np.abs(others))
        odd = np.hypot(*(off / (1.48 * median_at(np.abs(off), range(3, 63, 2)) + 1e-9) for off in (own, others)))
        shares = [np.where(cancels & (odd > CHANCE), _share(off, level), 0) for off in (own, days.of_all(by_weekdays))]
        days.put(up, np.maximum(np.minimum(*shares), 0))
        days.put(down, np.maximum(-np.maximum(*shares), 0))
    return up, down


def _share(own: np.ndarray, level: np.ndarray) -> np.ndarray:
    """What each series gained (lost: below zero) that the others lost (gained), of what the losers usually cost."""
    others = own.sum(axis=0) - own
    loser = np.where(own < 0, level, np.where(own < 0, level, 0).max(axis=0) + 1e-9)
    return np.where(own * others < 0, np.sign(own) * np.minimum(np.abs(own), np.abs(others)) / loser, 0)


@dataclass(frozen=True)
class _Days:
    """The days of all series of a group side by side: each series begins on a day of its own."""

    rows: np.ndarray
    start: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, panel: Panel, rows: np.ndarray) -> "_Days":
        return cls(rows, panel.first_day[rows] - panel.first_day[rows].min(), panel.length[rows])

    def of_all(self, values: np.ndarray) -> np.ndarray:
        """Values of the group's series by the group's days; nothing where a series has none."""
        out = np.zeros((len(self.rows), int((self.start + self.length).max())), values.dtype)
        for place, row, start, length in self._each():
            out[place, start : start + length] = values[row, :length]
        return out

    def put(self, into: np.ndarray, values: np.ndarray) -> None:
        """The way back: values by the group's days, of each series or of all in one row, into those of the panel."""
        for place, row, start, length in self._each():
            into[row, :length] = values[min(place, len(values) - 1), start : start + length]

    def _each(self) -> Iterator[tuple[int, int, int, int]]:
        for place, row in enumerate(self.rows):
            yield place, int(row), int(self.start[place]), int(self.length[place])
