"""What is known of a day beside the channels: how its series behaves, and what its lines tell of its change."""

from dataclasses import dataclass

import numpy as np

from finops_pipeline.detect.beside_rows import BesideRows
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.panel import SETTLED, Panel

NONE, MOST = 0.01, 3.0
"""A change that counts as none, and how many times it its untold part counts at most."""


@dataclass(frozen=True)
class Known:
    """What is known of some days, one entry each."""

    restless: np.ndarray
    """Share of the series' days that surprised by more than twice as much as is usual."""
    scatter: np.ndarray
    """How much a day usually surprises, as a logarithm."""
    idle: np.ndarray
    """Share of its days that cost about nothing."""
    off: np.ndarray
    """How far the day lies off what was expected of it, as a logarithm; 0 where a late feed has not shown it."""
    above: np.ndarray
    """The same off the middle of four weeks."""
    lines: np.ndarray
    """The same of its number of lines."""
    untold: np.ndarray
    """Share of the day's change that its lines do not tell."""
    follow: np.ndarray
    """Whether its lines have told its cost."""

    def towards(self, ways: np.ndarray) -> dict[str, np.ndarray]:
        """By name, with changes the way that each is looked at: 1 as a rise, -1 as a fall."""
        return vars(self) | {name: getattr(self, name) * ways for name in ("off", "above", "lines")}


@dataclass(frozen=True)
class Around:
    """Matrices by series and day."""

    late: np.ndarray
    e: Expectation
    beside: BesideRows

    @classmethod
    def of(cls, panel: Panel, e: Expectation) -> "Around":
        """Of a panel turned so that spending is positive."""
        return cls(panel.late, e, BesideRows.of(panel, e))

    def at(self, row: np.ndarray, day: np.ndarray, lag: np.ndarray) -> Known:
        """What is known of some days so many mornings later; of a late feed's newest ones only what came before."""
        shown = ~self.late[row, day] | (lag >= SETTLED)
        change, rest = self.beside.off[row, day], self.beside.rest[row, day]
        untold = rest / np.where(np.abs(change) < NONE, NONE, change)
        return Known(
            restless=self.e.restless[row, day],
            scatter=self.e.scatter[row, day],
            idle=self.e.idle[row, day],
            off=np.where(shown, self.e.residual[row, day], 0),
            above=np.where(shown, change, 0),
            lines=np.where(shown, self.beside.rows[row, day], 0),
            untold=np.where(shown, untold.clip(-MOST, MOST), 1),
            follow=self.beside.telling[row, day],
        )
