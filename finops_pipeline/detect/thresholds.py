"""How large a change has to be: larger than the series has ever shown, by a margin, and than its tail suggests."""

import numpy as np

RARE = 3000
"""One false alarm of a channel in so many days is what the tail estimate aims at."""


FORGET = 2400.0
"""Days after which an extreme counts a third."""


def thresholds(history: np.ndarray, margin: float, least: float, rare: float = RARE, span: int = 1) -> np.ndarray:
    """One threshold per series from its past changes (masked days are NaN), each over `span` days.

    The maximum alone is too low while history is short: an exponential tail fitted to the largest fifth
    extrapolates it.
    The margin is a factor for small changes and a constant for large ones, so that bursty series can still alarm.
    Changes over many days overlap: the same number of them says less.
    """
    age = np.arange(history.shape[1])[::-1]
    known = np.nan_to_num(history) * np.exp(-age / FORGET).astype(history.dtype)[None, :]
    count = np.maximum(np.isfinite(history).sum(axis=1), 1)
    top = known.max(axis=1, initial=0)
    size = min(known.shape[1], 180)
    recent = np.partition(known[:, -180:], int(size * 0.8), axis=1)
    cut = recent[:, int(size * 0.8)]
    excess = recent[:, int(size * 0.8) :].mean(axis=1) - cut
    tail = cut + excess * np.log(max(0.2 * rare, 1.0))
    by_top = top + np.minimum((margin - 1) * top, 0.45)
    by_tail = np.minimum(tail, top * margin + 0.8)
    short = 1 + np.minimum(6.0 * np.sqrt(span) / count, 1.5)
    return np.maximum(np.maximum(by_top, by_tail) * short, least)
