"""Looking back along the days of a matrix: one row per series, column by column to the past, never to the future."""

from collections.abc import Iterator, Sequence

import numpy as np


def back(values: np.ndarray, days: int) -> np.ndarray:
    """The matrix as it was `days` columns before; days before the first repeat the first."""
    if days <= 0:
        return values
    days = min(days, values.shape[1])
    return np.concatenate([np.repeat(values[:, :1], days, axis=1), values[:, :-days]], axis=1)


def ahead(values: np.ndarray, days: int) -> np.ndarray:
    """The matrix as it will be `days` columns later; only for days that are long past, or known by then."""
    days = min(days, values.shape[1])
    return np.concatenate([values[:, days:], np.repeat(values[:, -1:], days, axis=1)], axis=1)


def columns_from(values: np.ndarray, start: np.ndarray, size: int) -> np.ndarray:
    """`size` columns of each row, from its own `start` on."""
    if (start == start[0]).all():
        return values[:, start[0] : start[0] + size]
    return np.take_along_axis(values, start[:, None] + np.arange(size)[None, :], axis=1)


def median_back(values: np.ndarray, first: int, last: int, newest: np.ndarray | None = None) -> np.ndarray:
    """Median over the columns `first` to `last` days before. `newest` stands in for the column `first` days before.

    Yesterday is special: a late feed has shown only part of it. Whole weeks are sorted once, and merged again as the
    days move on.
    """
    weeks, rest = divmod(last - first + 1, 7)
    if newest is not None or rest or weeks not in (2, 3, 4):
        return median_at(values, range(first, last + 1), newest)
    out = np.empty(values.shape, values.dtype)
    for rows in _blocks(len(out)):
        week = _sorted(_shifted(values[rows], range(first, first + 7)))
        before = [back(day, 7) for day in week]
        if weeks == 2:
            out[rows] = _middle(week, before)
            continue
        fortnight = _merged(week, before)
        out[rows] = _middle(fortnight, [back(day, 14) for day in (week if weeks == 3 else fortnight)])
    return out


def median_at(values: np.ndarray, days: Sequence[int], newest: np.ndarray | None = None) -> np.ndarray:
    """Median over the columns so many days before (after: negative); `newest` stands in for the first of them."""
    out = np.empty(values.shape, values.dtype)
    half = len(days) // 2
    for rows in _blocks(len(out)):
        parts = _shifted(values[rows], days)
        if newest is not None:
            parts[0] = back(newest[rows], days[0])
        out[rows] = _middle(_sorted(parts[:half]), _sorted(parts[half:]))
    return out


def _shifted(values: np.ndarray, days: Sequence[int]) -> list[np.ndarray]:
    """Views of the same matrix so many days before; days outside of it repeat its ends."""
    size = values.shape[1]
    before, after = max(0, *days), max(0, *(-day for day in days))
    wide = np.concatenate(
        [np.repeat(values[:, :1], before, axis=1), values, np.repeat(values[:, -1:], after, axis=1)], axis=1
    )
    return [wide[:, before - day : before - day + size] for day in days]


def median_of(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Cell by cell median."""
    out = np.empty(matrices[0].shape, matrices[0].dtype)
    half = len(matrices) // 2
    for rows in _blocks(len(out)):
        parts = [matrix[rows] for matrix in matrices]
        out[rows] = _middle(_sorted(parts[:half]), _sorted(parts[half:]))
    return out


def _blocks(size: int) -> Iterator[slice]:
    """A few series at a time, to stay inside the processor's cache."""
    return (slice(start, start + 64) for start in range(0, size, 64))


def _sorted(matrices: list[np.ndarray]) -> list[np.ndarray]:
    """Cell by cell in order: whole matrices are compared, which a processor does many cells at a time."""
    if len(matrices) < 2:
        return matrices
    half = len(matrices) // 2
    return _merged(_sorted(matrices[:half]), _sorted(matrices[half:]))


def _merged(a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
    """Batcher's odd-even merge of two sorted lists of any lengths."""
    if not a or not b:
        return a or b
    if len(a) == len(b) == 1:
        return [np.minimum(a[0], b[0]), np.maximum(a[0], b[0])]
    odd, even = _merged(a[::2], b[::2]), _merged(a[1::2], b[1::2])
    out = [odd[0]]
    for low, high in zip(even, odd[1:], strict=False):
        out += [np.minimum(low, high), np.maximum(low, high)]
    pairs = min(len(even), len(odd) - 1)
    return out + even[pairs:] + odd[1 + pairs :]


def _middle(a: list[np.ndarray], b: list[np.ndarray]) -> np.ndarray:
    """The median of two sorted lists."""
    size = len(a) + len(b)
    low = _smallest(a, b, (size + 1) // 2)
    return low if size % 2 else (low + _smallest(a, b, size // 2 + 1)) / 2


def _smallest(a: list[np.ndarray], b: list[np.ndarray], rank: int) -> np.ndarray:
    """The `rank`-th smallest (from 1): the least, over all ways to take `rank` from both heads, of the larger end."""
    found = None
    for taken in range(max(0, rank - len(b)), min(len(a), rank) + 1):
        ends = [side[count - 1] for side, count in ((a, taken), (b, rank - taken)) if count]
        end = ends[0] if len(ends) == 1 else np.maximum(*ends)
        found = end if found is None else np.minimum(found, end)
    assert found is not None
    return found


def low_back(values: np.ndarray, first: int, last: int, rank: int) -> np.ndarray:
    """The `rank`-th smallest over the columns `first` to `last` days before."""
    out = np.empty(values.shape, values.dtype)
    for rows in _blocks(len(values)):
        # the least of windows of 1, 2, 4, 8 ... days; those that make up the whole window do not overlap
        part, width, done = [values[rows]], 1, 0
        whole: list[np.ndarray] = []
        while done <= last - first:
            if (last - first + 1) & width:
                whole = _merged(whole, [back(side, first + done) for side in part])[:rank]
                done += width
            part = _merged(part, [back(side, width) for side in part])[:rank]
            width *= 2
        out[rows] = whole[rank - 1]
    return out


def extremes_back(values: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Second smallest and second largest over the columns `first` to `last` days before: one odd day does not count."""
    low, high = (np.empty(values.shape, values.dtype) for _ in range(2))
    for rows in _blocks(len(values)):
        low[rows], high[rows] = _seconds(values[rows], first, last - first + 1)
    return low, high


def _seconds(values: np.ndarray, first: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Second smallest and second largest of a window, from windows of 1, 2, 4, 8 ... days that do not overlap."""
    inf = np.full(values.shape, np.inf)
    part, width, done = (values, inf, values, -inf), 1, 0
    whole = None
    while done < size:
        if size & width:
            piece = tuple(back(side, first + done) for side in part)
            whole = piece if whole is None else _two_of_each(whole, piece)
            done += width
        part = _two_of_each(part, tuple(back(side, width) for side in part))
        width *= 2
    assert whole is not None
    return whole[1], whole[3]


def _two_of_each(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Least, second least, largest and second largest of two disjoint windows."""
    return (
        np.minimum(a[0], b[0]),
        np.minimum(np.maximum(a[0], b[0]), np.minimum(a[1], b[1])),
        np.maximum(a[2], b[2]),
        np.maximum(np.minimum(a[2], b[2]), np.maximum(a[3], b[3])),
    )


def running_mean(values: np.ndarray, days: int) -> np.ndarray:
    """Mean of the last `days` columns, this one included; of fewer at the start."""
    total = np.cumsum(values, axis=1, dtype=float)
    total[:, days:] = total[:, days:] - total[:, :-days].copy()
    mean = total / np.minimum(np.arange(values.shape[1]) + 1, days)
    return mean.astype(values.dtype, copy=False)


def carry_week(values: np.ndarray) -> np.ndarray:
    """Fill days without a value from the same weekday before; the first days of a series with zero."""
    filled = values.copy()
    for day in range(values.shape[1]):
        hole = np.isnan(filled[:, day])
        if hole.any():
            filled[hole, day] = filled[hole, day - 7] if day >= 7 else 0.0
    return filled
