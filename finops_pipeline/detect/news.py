"""Which series may have something to tell on their newest mornings: told from the last months of each alone.

A statistic of a day rests on REACH days before it, but for a few that say so. So the newest days are looked at first,
generously and without any threshold; only the few series that show something there are judged with all their past.
"""

import numpy as np

from finops_pipeline.detect.candidates import Sight
from finops_pipeline.detect.channels import watched
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.panel import SETTLED, Panel

REACH = 164
"""Days before a day on which its statistics rest, forecasts not counted: 94 to have been zero seldom, of which each
looks at the scatter of 63 others; three months of the calendar and what stood around them are fewer."""
LATELY = 35
"""Newest days that are looked at in this way; a series with more to judge is judged with all its past at once."""
SHORTEST = REACH + LATELY
"""Days that a series has to have."""


def may_speak(panel: Panel, e: Expectation, shares: tuple[Completeness, Completeness], since: np.ndarray) -> np.ndarray:
    """For each series whether a channel may speak on a morning from `since` on; no series that could is left out."""
    size = REACH + int((panel.length + SETTLED - since).max())
    start = panel.length - size
    tail, known = panel.tail(size), e.tail(start, size)
    channels = watched(tail, known, *(share.tail(start, size) for share in shares))
    sight, found = Sight.of(tail, known, generous=True), np.zeros(len(since), bool)
    fresh = np.arange(size)[None, :] >= (since - start - SETTLED)[:, None]
    for channel in channels:
        for lag, candidates in sight.candidates(channel):
            found[candidates.of_mornings(lag, since - start).row] = True
        if channel.unsure is not None:
            found |= (channel.unsure & fresh).any(axis=1)
    return found
