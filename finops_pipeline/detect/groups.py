"""Series that belong together, such as a team and the cost without an owner: what one loses, the others gain."""

import numpy as np

from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.windows import back, median_at, running_mean

LEAST = 0.4
"""Share of what a series usually costs that has to leave it."""
CANCELS = 0.4
"""Share of the larger of the two changes that may be left of their sum."""
CHANCE = 2.5
"""How far both sides together have to move, in their usual changes: two that vary cancel now and then."""


def moved_channels(panel: Panel, e: Expectation) -> list[Channel]:
    """Where there are groups: money that left one series and turned up in the others on the same day."""
    groups = [np.flatnonzero(panel.group == name) for name in np.unique(panel.group) if name]
    if not groups:
        return []
    change = np.nan_to_num(panel.cost - e.money(e.expected))
    usual = back(running_mean(np.abs(e.filled), 28), 3) + e.scale
    up, down, late = np.zeros(change.shape), np.zeros(change.shape), panel.late.copy()
    noise = np.zeros(change.shape)
    for rows in groups:
        start = panel.first_day[rows] - panel.first_day[rows].min()
        days = int((start + panel.length[rows]).max())
        shared = [(n, row, slice(start[n], start[n] + panel.length[row])) for n, row in enumerate(rows)]
        own, level, waits = np.zeros((len(rows), days)), np.ones((len(rows), days)), np.zeros(days, bool)
        for n, row, span in shared:
            own[n, span] = change[row, : panel.length[row]]
            level[n, span] = usual[row, : panel.length[row]]
            waits[span] |= panel.late[row, : panel.length[row]]
        others = own.sum(axis=0) - own
        larger, smaller = np.maximum(np.abs(own), np.abs(others)), np.minimum(np.abs(own), np.abs(others))
        cancels = (own * others < 0) & (np.abs(own + others) < CANCELS * larger)
        loser = np.where(own < 0, level, np.where(own < 0, level, 0).max(axis=0) + 1e-9)
        share = np.where(cancels, smaller / loser, 0)
        odd = np.hypot(*(off / (1.48 * median_at(np.abs(off), range(3, 63, 2)) + 1e-9) for off in (own, others)))
        by_chance = share * CHANCE / (odd + 1e-9)
        for n, row, span in shared:
            moved = share[n, span]
            noise[row, : panel.length[row]] = by_chance[n, span]
            late[row, : panel.length[row]] = waits[span]
            up[row, : panel.length[row]] = np.where(own[n, span] > 0, moved, 0)
            down[row, : panel.length[row]] = np.where(own[n, span] < 0, moved, 0)
    return [Channel("moved", up, down, 1, LEAST, LEAST, 1.2, memory=14, sharp=True, late=late, noise=noise)]
