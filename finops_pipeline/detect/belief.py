"""How far an odd day is believed, by what else the morning knows of its series.

A threshold alone asks how far a series has gone before. Whether a day is an event also hangs on what other channels say
of the same morning, how often the series was told of, what its lines tell, how much its days vary, how small it is. A
sum of small steps says so: each asks two questions of these figures and adds a little to the log-odds. The steps stand
in `belief.csv`, which `benchmarks/anomaly_belief.py` learns, and shows on bills that it did not learn from.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from finops_pipeline.detect.around import Known

HINT = 0.6
"""How far beyond its threshold (1) a change has to go to be weighed, or to speak for another."""
DOUBTED = 200
"""Days for which what a series was told of has it doubted: whose past did not tell its days will not tell the next."""
MOST_DOUBTS = 3
"""How often at most that counts."""
LONG_AGO = 60
"""Days since a series was told of that count at most."""
SMALL = 30.0
"""Dollars a day below which it matters how small a series is: few things make it up."""
ENOUGH = -0.1
"""Log-odds from which someone is told: of what just reaches it, nearly half are events."""
FARTHER = 2.0
"""Log-odds that going e times as far is worth."""
UNIT = 1000
"""Steps are told in thousandths."""


@dataclass(frozen=True)
class Steps:
    """A sum of steps: what holds for all, and arrays with a row for each step and a column for each of its questions.

    The first question is asked of all, the second where the first figure is less than `at`, the third where it is not.
    What the answer adds, `less` or `more`, is a whole number of thousandths: their sum is the same in any order.
    """

    usual: float
    figure: np.ndarray
    at: np.ndarray
    less: np.ndarray
    more: np.ndarray

    @classmethod
    def read(cls, path: Path) -> "Steps":
        """From a table with a row for each question, below a row of what holds for all."""
        with path.open(newline="") as file:
            usual, *rows = csv.DictReader(file)
        figure = np.array([row["figure"] for row in rows])
        amounts = [np.array([float(row[name]) for row in rows]) for name in ("at", "less", "more")]
        return cls(float(usual["less"]), *(column.reshape(-1, 3) for column in (figure, *amounts)))

    def odds(self, figures: dict[str, np.ndarray]) -> np.ndarray:
        """The log-odds of an event."""
        values = np.array([np.asarray(each, float) for each in figures.values()])
        row = {name: number for number, name in enumerate(figures)}
        place = np.array([row[name] for name in self.figure.flat]).reshape(self.figure.shape)
        less = values[place] < self.at[:, :, None]
        added = np.where(less, self.less[:, :, None], self.more[:, :, None])
        added[:, 1] *= less[:, 0]
        added[:, 2] *= ~less[:, 0]
        return (self.usual + added.sum(axis=(0, 1))) / UNIT


SHIPPED = Steps.read(Path(__file__).with_name("belief.csv"))
"""What ships."""


@dataclass(frozen=True)
class Hints:
    """What may be told of, one entry per series, morning, day and channel."""

    group: np.ndarray
    """The same number for what speaks of one series, on one morning, in one direction."""
    channel: np.ndarray
    span: np.ndarray
    """Days that the channel looks at."""
    score: np.ndarray
    rising: np.ndarray
    told: np.ndarray
    """How often the series was told of in the last months."""
    ago: np.ndarray
    """Days since it was told of."""
    size: np.ndarray
    """What it usually costs a day."""
    known: Known
    steps: Steps = SHIPPED

    def figures(self) -> dict[str, np.ndarray]:
        """What the steps ask about."""
        return {
            "distance": self.score,
            "beside": np.maximum(self.beside(), HINT),
            "span": self.span,
            "told": np.minimum(self.told, MOST_DOUBTS),
            "ago": np.minimum(self.ago, LONG_AGO),
            "size": np.minimum(self.size, SMALL),
            **self.known.towards(np.where(self.rising, 1, -1)),
            "rising": self.rising,
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
        return np.exp((self.steps.odds(self.figures()) - ENOUGH) / FARTHER)
