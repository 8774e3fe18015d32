"""What a late feed's first figures are worth: the share of the final value that mornings one and two usually show."""

from dataclasses import dataclass, fields

import numpy as np

from finops_pipeline.detect.panel import SETTLED
from finops_pipeline.detect.windows import back, columns_from, median_at

WINDOW = 84
MOST = 2.0
"""Share of a day that a first look shows at most: estimates, and charges whose credits come later, show too much."""


@dataclass(frozen=True)
class Completeness:
    """The usual share of each day visible on one morning, and the least and largest of the last twelve weeks."""

    usual: np.ndarray
    least: np.ndarray
    most: np.ndarray
    known: np.ndarray

    @property
    def at_least(self) -> np.ndarray:
        """The least share to reckon with: as far again below the least seen as that is below the usual."""
        return np.where(self.known, self.least**2 / self.usual, np.nan)

    @property
    def likely_least(self) -> np.ndarray:
        """A low share, where another look has told the same already."""
        return np.sqrt(self.least * self.usual)

    @property
    def at_most(self) -> np.ndarray:
        """The largest share to reckon with, half as far again above the usual: the whole day where no more was seen."""
        largest = self.most * np.sqrt(self.most / self.usual)
        return np.where(self.most > 1, largest, np.minimum(largest, 1.0))

    def tail(self, start: np.ndarray, size: int) -> "Completeness":
        """The same of `size` days of each series from `start` on."""
        return Completeness(*(columns_from(getattr(self, field.name), start, size) for field in fields(self)))


def completeness(seen: np.ndarray, final: np.ndarray, late: np.ndarray) -> Completeness:
    """Learn shares from days that have settled; a day that is not late is whole."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(late & (np.abs(final) > 0), seen / final, np.nan)
    share = np.where(share > 0, np.minimum(share, MOST), np.nan)
    # most feeds are on time, or nobody knows: there is nothing to learn from them
    told = np.flatnonzero(np.isfinite(share).any(axis=1))
    learnt = [np.full(share.shape, np.nan, share.dtype) for _ in range(3)]
    known = np.zeros(share.shape, bool)
    for result, values in zip((*learnt, known), _learnt(share[told], late[told]), strict=True):
        result[told] = values
    whole = ~late
    usual, least, most = (np.where(whole, 1.0, np.where(known, values, np.nan)) for values in learnt)
    return Completeness(usual, least, most, known | whole)


def _learnt(share: np.ndarray, late: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Usual, least and largest share of the last weeks, and whether that is known."""
    for day in range(1, share.shape[1]):
        hole = np.isnan(share[:, day])
        share[hole, day] = share[hole, day - 1]
    known = np.isfinite(back(share, SETTLED + 14)) & late
    usual = median_at(np.nan_to_num(share, nan=1.0), range(SETTLED, SETTLED + 21))
    return usual, _most_extreme(share, np.fmin), _most_extreme(share, np.fmax), known


def _most_extreme(share: np.ndarray, of_both: np.ufunc) -> np.ndarray:
    """Over the settled days of the window, from windows of 1, 2, 4, 8 ... days that do not overlap."""
    part, width, done = share, 1, 0
    whole = np.full(share.shape, np.nan, share.dtype)
    while done < WINDOW:
        if WINDOW & width:
            whole = of_both(whole, back(part, SETTLED + done))
            done += width
        part = of_both(part, back(part, width))
        width *= 2
    return whole
