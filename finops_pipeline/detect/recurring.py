"""What recurs: on the same day of other months, from either end of the month, and every second week."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from finops_pipeline.detect.windows import ahead, back, median_at, median_of

Pair = tuple[np.ndarray, np.ndarray]
"""Rises and falls."""

LEARNT = 8
"""Days after which a series' residuals mean something."""
EXACT = 0.12
"""Two changes this close (12 %) are the same fee."""
HINDSIGHT = 42
"""Days after which the month that follows a day is known as well."""


def _same_days(days: np.ndarray, months: int) -> Iterator[np.ndarray]:
    """The column of the same day some months away (before: positive), by number and from the end; -1: unknown."""
    first = int(days.min(initial=0))
    every = np.arange(first, int(days.max(initial=first)) + 1)
    columns = np.arange(days.shape[1])[None, :]
    for from_end in (False, True):
        source = columns - _same_day_lags(every, months, from_end)[days - first]
        known = (source >= LEARNT) & (source < days.shape[1])
        yield np.where(known, source, -1).astype(np.int32)


def _same_day_lags(days: np.ndarray, months: int, from_end: bool) -> np.ndarray:
    """How many days ago the same day of the month was, `months` before, counted from its start or from its end."""
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    if from_end:
        to_end = (month + 1).astype("datetime64[D]") - date
        return (date - ((month - months + 1).astype("datetime64[D]") - to_end)).astype(int)
    number = date - month.astype("datetime64[D]")
    earlier = (month - months).astype("datetime64[D]") + number
    return (date - earlier).astype(int)


@dataclass(frozen=True)
class Calendar:
    """Where the corresponding days of each day stand: by how many months, from either end of the month."""

    sources: dict[int, list[np.ndarray]]
    young: np.ndarray
    monday: np.ndarray

    def part(self, rows: np.ndarray) -> "Calendar":
        """The same of some series."""
        sources = {months: [source[rows] for source in both] for months, both in self.sources.items()}
        return Calendar(sources, self.young, self.monday[rows])

    @classmethod
    def of(cls, days: np.ndarray) -> "Calendar":
        """Of days since 1970, a row for each series."""
        months = {months: list(_same_days(days, months)) for months in (1, 2, 3, -1)}
        return cls(months, np.arange(days.shape[1])[None, :] < 31 * 3 + LEARNT, (days + 3) % 7 == 0)


class Recurring:
    """How large a rise and a fall the calendar shows on the days that correspond to a day.

    The same day of other months, counted from either end and a day either way (fees move over weekends): what two of
    three months show, or one month exactly. And the same weekday two and four weeks away.
    """

    def __init__(self, change: np.ndarray, calendar: Calendar):
        self.change, self.calendar = change, calendar
        self.peak = change - median_at(change, range(-3, 4))
        # what is due on a Saturday comes on Monday
        moved = ahead(np.where(calendar.monday, self.peak, 0), 2)
        near = [self.peak, back(self.peak, 1), ahead(self.peak, 1), moved]
        self.high, self.low = np.maximum.reduce(near), np.minimum.reduce(near)
        # what came on a Saturday is due on Monday this time
        weekend = back(self.peak, 2)
        self.on_mondays = np.maximum(self.high, weekend), np.minimum(self.low, weekend)

    def part(self, rows: np.ndarray) -> "Recurring":
        """The same of some series."""
        return Recurring(self.change[rows], self.calendar.part(rows))

    def before(self, least: np.ndarray | None = None, most: np.ndarray | None = None) -> Pair:
        """What the time before had shown; `least` and `most` bound the change where a late feed has not told it yet."""
        least, most = (self.change if bound is None else bound for bound in (least, most))
        return self._with_pair(self._of_months((1, 2, 3), least, most, self.calendar.young), (14, 28), back)

    def in_hindsight(self) -> Pair:
        """What the time before and the month after the day show: known HINDSIGHT days later."""
        never = np.zeros_like(self.calendar.young)
        return self._with_pair(self._of_months((-1, 1, 2), self.change, self.change, never), (14, 28), ahead)

    def _with_pair(self, known: Pair, days: tuple[int, int], look: Callable[[np.ndarray, int], np.ndarray]) -> Pair:
        one, other = (look(self.peak, away) for away in days)
        return np.maximum(known[0], np.minimum(one, other)), np.minimum(known[1], np.maximum(one, other))

    def _of_months(self, months: tuple[int, int, int], least: np.ndarray, most: np.ndarray, young: np.ndarray) -> Pair:
        up, down = np.zeros_like(self.change), np.zeros_like(self.change)
        # a last column of nothing stands for days that are not known; below the table of all days that of Mondays
        wide = [np.pad(values, ((0, 0), (0, 1))).ravel() for values in (self.high, self.low, self.peak)]
        mondays = [np.pad(values, ((0, 0), (0, 1))).ravel() for values in self.on_mondays]
        high, low = (np.concatenate(both) for both in zip(wide[:2], mondays, strict=True))
        peak, size = wide[2], wide[2].size
        width = self.change.shape[1] + 1
        start = (np.arange(len(self.change)) * width)[:, None]
        monday = self.calendar.monday * size
        for end in (0, 1):
            ups, downs = [], []
            for away in months:
                source = self.calendar.sources[away][end]
                cell = start + np.where(source < 0, width - 1, source)
                ups.append(high.take(cell + monday))
                downs.append(low.take(cell + monday))
                same = peak.take(cell)
                same = np.where((same > least - EXACT) & (same < most + EXACT), same, 0)
                up, down = np.maximum(up, same), np.minimum(down, same)
            up = np.maximum(up, np.where(young, np.maximum.reduce(ups), median_of(ups)))
            down = np.minimum(down, np.where(young, np.minimum.reduce(downs), median_of(downs)))
        return up, down


def beyond(change: np.ndarray, known: Pair) -> Pair:
    """Rises and falls that the calendar does not show."""
    up, down = known
    rise = np.where(change > 1.2 * up + 0.05, np.maximum(change, 0), 0)
    fall = np.where(-change > -1.2 * down + 0.05, np.maximum(-change, 0), 0)
    return rise, fall
