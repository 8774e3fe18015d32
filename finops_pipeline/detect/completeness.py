"""What a late feed's first figures are worth: the share of the final value that mornings one and two usually show."""

from dataclasses import dataclass

import numpy as np

from finops_pipeline.detect.panel import SETTLED
from finops_pipeline.detect.windows import back, median_of

WINDOW = 42


@dataclass(frozen=True)
class Completeness:
    """The usual share of each day visible on one morning, and the least and largest of the last six weeks."""

    usual: np.ndarray
    least: np.ndarray
    most: np.ndarray
    known: np.ndarray

    @property
    def at_least(self) -> np.ndarray:
        """The least share to reckon with: as far again below the least seen as that is below the usual."""
        return np.where(self.known, self.least**2 / self.usual, np.nan)

    @property
    def at_most(self) -> np.ndarray:
        """The largest share to reckon with, half as far again above the usual."""
        return np.minimum(self.most * np.sqrt(self.most / self.usual), 1.0)


def completeness(seen: np.ndarray, final: np.ndarray, late: np.ndarray) -> Completeness:
    """Learn shares from days that have settled; a day that is not late is whole."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(late & (np.abs(final) > 0), seen / final, np.nan)
    share = np.where(share > 0, np.minimum(share, 1.0), np.nan)
    for day in range(1, share.shape[1]):
        hole = np.isnan(share[:, day])
        share[hole, day] = share[hole, day - 1]
    known = np.isfinite(back(share, SETTLED + 14)) & late
    past = [back(share, days) for days in range(SETTLED, SETTLED + WINDOW)]
    least, most = np.fmin.reduce(past), np.fmax.reduce(past)
    usual = median_of([back(np.nan_to_num(share, nan=1.0), days) for days in range(SETTLED, SETTLED + 21)])
    whole = ~late
    return Completeness(
        np.where(whole, 1.0, np.where(known, usual, np.nan)),
        np.where(whole, 1.0, np.where(known, least, np.nan)),
        np.where(whole, 1.0, np.where(known, most, np.nan)),
        known | whole,
    )
