"""Looking back along the days of a matrix: one row per series, column by column to the past, never to the future."""

from collections.abc import Sequence

import numpy as np


def back(values: np.ndarray, days: int) -> np.ndarray:
    """The matrix as it was `days` columns before; days before the first repeat the first."""
    if days <= 0:
        return values
    days = min(days, values.shape[1])
    return np.concatenate([np.repeat(values[:, :1], days, axis=1), values[:, :-days]], axis=1)


def median_back(values: np.ndarray, first: int, last: int, newest: np.ndarray | None = None) -> np.ndarray:
    """Median over the columns `first` to `last` days before. `newest` stands in for the column `first` days before.

    Yesterday is special: a late feed has shown only part of it.
    """
    shifted = [back(values, days) for days in range(first, last + 1)]
    if newest is not None:
        shifted[0] = back(newest, first)
    return median_of(shifted)


def median_of(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Cell by cell median; a block of series at a time, to stay inside the processor's cache."""
    out = np.empty(matrices[0].shape)
    for start in range(0, len(out), 64):
        rows = slice(start, start + 64)
        out[rows] = np.median(np.stack([matrix[rows] for matrix in matrices], axis=-1), axis=-1)
    return out


def extremes_back(values: np.ndarray, first: int, last: int, rank: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """The `rank`-th smallest and largest over the columns `first` to `last` days before: one odd day does not count."""
    size = last - first + 1
    shifted = [back(values, days) for days in range(first, last + 1)]
    low, high = np.empty(values.shape), np.empty(values.shape)
    for start in range(0, len(values), 64):
        rows = slice(start, start + 64)
        ordered = np.partition(
            np.stack([matrix[rows] for matrix in shifted], axis=-1), (rank - 1, size - rank), axis=-1
        )
        low[rows], high[rows] = ordered[..., rank - 1], ordered[..., size - rank]
    return low, high


def running_mean(values: np.ndarray, days: int) -> np.ndarray:
    """Mean of the last `days` columns, this one included; of fewer at the start."""
    total = np.cumsum(values, axis=1)
    total[:, days:] = total[:, days:] - total[:, :-days].copy()
    return total / np.minimum(np.arange(values.shape[1]) + 1, days)


def carry_week(values: np.ndarray) -> np.ndarray:
    """Fill days without a value from the same weekday before; the first days of a series with zero."""
    filled = values.copy()
    for day in range(values.shape[1]):
        hole = np.isnan(filled[:, day])
        if hole.any():
            filled[hole, day] = filled[hole, day - 7] if day >= 7 else 0.0
    return filled
