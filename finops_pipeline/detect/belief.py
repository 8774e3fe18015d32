"""How far an odd day is believed, by what else the morning knows of its series.

A threshold alone asks how far a series has gone before. Whether a day is an event also hangs on what other channels say
of the same morning, how often the series was told of, how restless it is, and how small. A logistic model of these
says so; `benchmarks/anomaly_belief.py` fits it, and shows how it does on bills that it was not fitted to.
"""

from dataclasses import dataclass

import numpy as np

HINT = 0.6
"""How far beyond its threshold (1) a change has to go to be weighed, or to speak for another."""
FARTHEST = 3.3
"""Beyond this, going further tells no more."""
LOUDEST = 2.7
"""The same of another channel."""
SMALL = 30.0
"""Dollars a day below which a series is believed less: few things make it up."""
DOUBTED = 200
"""Days for which what a series was told of has it doubted: whose past did not tell its days will not tell the next."""
MOST_DOUBTS = 3
"""How often at most that counts."""
MOST_RESTLESS = 0.2
"""Share of days that surprise above which more of them tell no more: what is large enough is told of any series."""
WEIGHTS = {
    "distance": 1.81,
    "beside": 1.85,
    "told": -0.55,
    "restless": -4.09,
    "size": 0.85,
    "trusted": 0.74,
    "usual": -0.45,
}
"""Log-odds for each unit of the figures of a hint."""
ENOUGH = -0.5
"""Log-odds from which someone is told: of what just reaches it, three in eight are events."""


@dataclass(frozen=True)
class Hints:
    """What may be told of, one entry per series, morning, day and channel."""

    group: np.ndarray
    """The same number for what speaks of one series, on one morning, in one direction."""
    channel: np.ndarray
    score: np.ndarray
    told: np.ndarray
    """How often the series was told of in the last months."""
    restless: np.ndarray
    """Share of its days that surprised by more than twice as much as is usual."""
    size: np.ndarray
    """What it usually costs a day."""
    trusted: np.ndarray
    """Whether it is held against lines or other series, or is a fall that lasts."""

    def figures(self) -> dict[str, np.ndarray]:
        """What the log-odds are a sum of."""
        return {
            "distance": np.log(self.score.clip(HINT, FARTHEST)),
            "beside": np.log(self.beside().clip(HINT, LOUDEST) / HINT),
            "told": np.minimum(self.told, MOST_DOUBTS),
            "restless": np.minimum(self.restless, MOST_RESTLESS),
            "size": np.log(np.minimum(self.size, SMALL) / SMALL),
            "trusted": self.trusted,
            "usual": np.ones(len(self.score)),
        }

    def beside(self) -> np.ndarray:
        """The farthest that any other channel went."""
        groups, group = np.unique(self.group, return_inverse=True)
        best, second = np.zeros((2, len(groups)))
        leader = np.zeros(len(groups), int)
        np.maximum.at(best, group, self.score)
        leads = self.score == best[group]
        leader[group[leads]] = self.channel[leads]
        others = self.channel != leader[group]
        np.maximum.at(second, group[others], self.score[others])
        return np.where(others, best[group], second[group])

    def believed(self) -> np.ndarray:
        """How far each went, all considered: above 1 it is told."""
        odds = sum(WEIGHTS[name] * values for name, values in self.figures().items())
        return np.exp((odds - ENOUGH) / WEIGHTS["distance"])
