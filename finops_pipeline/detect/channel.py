"""What a watched statistic is: a matrix of changes in either direction, and how large a change has to be to matter.

`span` is how many days it looks at; the threshold itself comes from the series' own past (thresholds.py). `within` is a
second statement that must be unusual too: a day may be odd for its weekday and yet lie among the costs of the last
weeks, as holidays do. `hindsight` says how odd a day looks once the month after it is known: what turned out to recur
does not make a threshold. `ease` and `hindsight` are worked out when they are asked for: a look at the newest days
(news.py) needs neither.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from finops_pipeline.detect.recurring import Pair


@dataclass(frozen=True)
class Channel:
    """One statistic; `up` and `down` are how far it lies off in either direction, both positive."""

    name: str
    up: np.ndarray
    down: np.ndarray
    span: int
    least_up: float
    least_down: float
    margin: float = 1.3
    memory: int = 10
    early: dict[int, Pair] = field(default_factory=dict)
    within: "Channel | None" = None
    gate: np.ndarray | None = None
    """The series and days that it looks at; None: all."""
    settled: np.ndarray | None = None
    """What of these it looks at once they have settled; its early looks choose by what they show."""
    sharp: bool = False
    fault: str = ""
    """Of which fault of the data it tells, if any: days that are not there (`gone`), or there twice (`twice`). A fault
    is an echo of nothing but its own kind."""
    weighed: bool = True
    """Whether what else a morning knows counts (belief.py); facts and what was never so large speak for themselves."""
    rare: float = 3000
    noise: np.ndarray | None = None
    ease: Callable[[], np.ndarray] | None = None
    hindsight: Callable[[], Pair] | None = None
    wait: int = 0
    gap: int = 0
    """Days before a week's mornings that set no threshold: what rises slowly would set its own."""
    late: np.ndarray | None = None
    """Days that have not settled at once, where that is not the series' own matter alone."""
    unsure: np.ndarray | None = None
    """Days whose statistic rests on more than the last months: they are looked at in full (news.py)."""
    usual: np.ndarray | None = None
    """What the channel expects of a day, as a logarithm, where the forecast is used to the change by then."""


def both_ways(change: np.ndarray) -> Pair:
    """A signed change as rises and falls."""
    return np.maximum(np.nan_to_num(change), 0), np.maximum(np.nan_to_num(-change), 0)
