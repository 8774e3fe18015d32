"""What a day should have cost, by the series' own past: its level, its weekdays, its month.

Costs are compared as logarithms with a floor at a twentieth of the usual level, so that a zero is far away but
finite and
small sums do not count; credits mirror. Several simple forecasts compete and the one with the least past error speaks.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.windows import ahead, back, carry_week, columns_from, median_at, median_back, running_mean

FLOOR = 0.05
UNKNOWN = 28
"""First days of a series, whose surprises say that nothing was known of it."""
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
        return 1.48 * median_at(np.abs(self.residual), range(3, 63, 2))

    @cached_property
    def bursty(self) -> np.ndarray:
        """Series that multiply for days on end, at no hour that the calendar knows."""
        return back(running_mean((np.abs(self.residual) > 0.8).astype(np.float32), 90), 3) > 0.07

    @cached_property
    def restless(self) -> np.ndarray:
        """Share of the days of four months that surprised by more than twice as much as is usual."""
        surprised = (np.abs(self.residual) > 2 * self.scatter + 0.05).astype(np.float32)
        surprised[:, :UNKNOWN] = 0
        return back(running_mean(surprised, 120), 3)

    @cached_property
    def nothing(self) -> np.ndarray:
        """1 on days that cost about nothing."""
        return (np.abs(self.filled) <= 0.6 * self.scale).astype(np.float32)

    @cached_property
    def idle(self) -> np.ndarray:
        """Share of the days of two months that cost about nothing."""
        return back(running_mean(self.nothing, 60), 3)

    @cached_property
    def intermittent(self) -> np.ndarray:
        """Series that are often nothing, on days that their weekday does not tell."""
        nothing = self.nothing
        share = sum((back(nothing, 7 * weeks) for weeks in range(1, 9)), np.zeros_like(nothing)) / 8
        return running_mean(np.minimum(share, 1 - share), 7) > 0.12

    def tail(self, start: np.ndarray, size: int) -> "Expectation":
        """The same of `size` days of each series from `start` on."""
        return Expectation(*(columns_from(getattr(self, field.name), start, size) for field in fields(self)))

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
    middle = median_at(observed, range(7))
    ratio = observed - ahead(middle, 3)
    weekday8 = median_at(ratio, range(7, 63, 7))
    weekday4 = median_at(ratio, range(7, 35, 7))
    plain, plain_newest = observed - weekday8, newest - weekday8
    level7 = median_back(plain, 1, 7, plain_newest)
    candidates = [
        level7 + weekday8,
        median_back(plain, 1, 3, plain_newest) + weekday8,
        median_back(plain, 2, 22) + weekday8,
        median_back(observed, 1, 7, newest),
        median_back(observed - weekday4, 1, 7, newest - weekday4) + weekday4,
        median_at(observed, range(7, 35, 7)),
        back(plain_newest, 1) + weekday8,
    ]
    error = np.stack([back(running_mean(np.sqrt(np.abs(observed - c)), 56), 3) for c in candidates])
    best = np.argmin(error, axis=0)
    expected = np.take_along_axis(np.stack(candidates), best[None], axis=0)[0]
    return Expectation(scale, observed, expected, observed - expected, plain, weekday8, newest, filled)
