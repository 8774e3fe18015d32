"""What a day should have cost, by the series' own past: its level, its weekdays, its month.

Costs are compared as logarithms with a floor at a twentieth of the usual level, so that a zero is far away but
finite and
small sums do not count; credits mirror. Several simple forecasts compete and the one with the least past error speaks.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.windows import back, carry_week, median_back, median_of, running_mean

FLOOR = 0.05
LEARNT = 8
"""Days after which a series' residuals mean something."""
EXACT = 0.12
"""Two changes this close (12 %) are the same fee."""
MATERIAL = 0.25
"""Dollars a day that count as none."""


@dataclass(frozen=True)
class Expectation:
    """Log costs, their forecast, and the level without weekdays; below `scale` cost counts as none."""

    scale: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    residual: np.ndarray
    plain: np.ndarray
    """Observed, weekday effect taken out."""
    profile: np.ndarray
    newest: np.ndarray
    """Observed as its second morning shows it, made whole by the feed's usual share."""
    filled: np.ndarray

    @cached_property
    def middle(self) -> np.ndarray:
        """The middle of four weeks."""
        return median_back(self.observed, 2, 29)

    @cached_property
    def scatter(self) -> np.ndarray:
        """The usual size of a day's surprise over the last two months."""
        return 1.48 * median_of([back(np.abs(self.residual), days) for days in range(3, 63, 2)])

    @cached_property
    def bursty(self) -> np.ndarray:
        """Series that multiply for days on end, at no hour that the calendar knows."""
        return back(running_mean((np.abs(self.residual) > 0.8).astype(float), 90), 3) > 0.07

    @cached_property
    def intermittent(self) -> np.ndarray:
        """Series that are often nothing, on days that their weekday does not tell."""
        nothing = (np.abs(self.filled) <= 0.6 * self.scale).astype(float)
        share = sum((back(nothing, 7 * weeks) for weeks in range(1, 9)), np.zeros_like(nothing)) / 8
        return running_mean(np.minimum(share, 1 - share), 7) > 0.12

    def money(self, log_cost: np.ndarray) -> np.ndarray:
        """Back from the log scale to cost."""
        return from_log(log_cost, self.scale)


def to_log(cost: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Log of cost plus floor; mirrored below zero."""
    return np.log(scale) + np.sign(cost) * np.log1p(np.abs(cost) / scale)


def from_log(value: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The inverse of `to_log`."""
    distance = value - np.log(scale)
    return np.sign(distance) * scale * np.expm1(np.abs(distance))


def orientation(cost: np.ndarray) -> np.ndarray:
    """-1 on days before which a series was mostly credits, else 1; as a running judgement."""
    negative = np.cumsum(np.where(cost < 0, 1, np.where(cost > 0, -1, 0)) * (np.abs(cost) > 0), axis=1)
    return np.where(back(negative, 3) > 0, -1.0, 1.0)


def expectation(cost: np.ndarray, second: np.ndarray, share: Completeness) -> Expectation:
    """Forecast every day from days before it: final values, but yesterday as its second morning shows it."""
    filled = carry_week(cost)
    yesterday = np.where(np.isfinite(second) & share.known, second / share.usual, filled)
    yesterday = np.where(np.isfinite(yesterday), yesterday, filled)
    size = np.abs(filled)
    level = np.maximum(median_back(size, 2, 29), 0.5 * back(running_mean(np.sqrt(size), 56), 2) ** 2)
    scale = np.maximum(FLOOR * level, MATERIAL)
    observed, newest = to_log(filled, scale), to_log(yesterday, scale)
    middle = median_of([back(observed, days) for days in range(7)])
    ratio = observed - ahead(middle, 3)
    weekday8 = median_of([back(ratio, 7 * weeks) for weeks in range(1, 9)])
    weekday4 = median_of([back(ratio, 7 * weeks) for weeks in range(1, 5)])
    plain, plain_newest = observed - weekday8, newest - weekday8
    level7 = median_back(plain, 1, 7, plain_newest)
    candidates = [
        level7 + weekday8,
        median_back(plain, 1, 3, plain_newest) + weekday8,
        median_back(plain, 2, 22) + weekday8,
        median_back(observed, 1, 7, newest),
        median_back(observed - weekday4, 1, 7, newest - weekday4) + weekday4,
        median_of([back(observed, 7 * weeks) for weeks in range(1, 5)]),
        back(plain_newest, 1) + weekday8,
    ]
    error = np.stack([back(running_mean(np.sqrt(np.abs(observed - c)), 56), 3) for c in candidates])
    best = np.argmin(error, axis=0)
    expected = np.take_along_axis(np.stack(candidates), best[None], axis=0)[0]
    return Expectation(scale, observed, expected, observed - expected, plain, weekday8, newest, filled)


def ahead(values: np.ndarray, days: int) -> np.ndarray:
    """The matrix as it will be `days` columns later; only for days that are long past, or known by then."""
    return np.concatenate([values[:, days:], np.repeat(values[:, -1:], days, axis=1)], axis=1)


def _calendar(days: np.ndarray) -> dict[tuple[bool, int], tuple[np.ndarray, np.ndarray]]:
    """Where the same day of the last three months stands, from either end of the month, and whether it is known."""
    first = int(days.min(initial=0))
    columns = np.arange(days.shape[1])[None, :]
    found = {}
    for from_end in (False, True):
        for months in (1, 2, 3):
            lags = _same_day_lags(np.arange(first, int(days.max(initial=first)) + 1), months, from_end)
            source = columns - lags[days - first]
            found[from_end, months] = np.maximum(source, 0), source >= LEARNT
    return found


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


def recurring(residual: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How large a rise and a fall the calendar has shown on the days that correspond to this one.

    The same day of the last three months, counted from either end and a day either way (fees move over weekends):
    what two of three months have shown, or one month exactly. And the same weekday two and four weeks ago.
    """
    up, down = np.zeros_like(residual), np.zeros_like(residual)
    columns = np.arange(residual.shape[1])[None, :]
    peak = residual - median_of(
        [
            ahead(residual, 3 - days_later) if days_later < 3 else back(residual, days_later - 3)
            for days_later in range(7)
        ]
    )
    sources = _calendar(days)
    near_up = np.maximum.reduce([ahead(peak, 1), peak, back(peak, 1)])
    near_down = np.minimum.reduce([ahead(peak, 1), peak, back(peak, 1)])
    for from_end in (False, True):
        ups, downs = [], []
        for months in (1, 2, 3):
            source, known = sources[from_end, months]
            ups.append(np.where(known, np.take_along_axis(near_up, source, axis=1), 0))
            downs.append(np.where(known, np.take_along_axis(near_down, source, axis=1), 0))
            same = np.where(known, np.take_along_axis(peak, source, axis=1), 0)
            exact = np.abs(residual - same) < EXACT
            up, down = np.maximum(up, np.where(exact, same, 0)), np.minimum(down, np.where(exact, same, 0))
        young = columns < 31 * 2 + LEARNT
        up = np.maximum(up, np.where(young, np.maximum.reduce(ups), median_of(ups)))
        down = np.minimum(down, np.where(young, np.minimum.reduce(downs), median_of(downs)))
    pair = [back(peak, 14), back(peak, 28)]
    return np.maximum(up, np.minimum.reduce(pair)), np.minimum(down, np.maximum.reduce(pair))
