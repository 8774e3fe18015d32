"""What is known of a day beside the channels: how its series behaves, and what its lines tell of its change."""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from finops_pipeline.detect.beside_rows import BesideRows
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.panel import SETTLED, Panel

NONE, MOST = 0.01, 3.0
"""A change that counts as none, and how many times it its untold part counts at most."""


class Known(TypedDict):
    """What is known of some days: fields of a hint (belief.py)."""

    restless: np.ndarray
    scatter: np.ndarray
    idle: np.ndarray
    off: np.ndarray
    above: np.ndarray
    lines: np.ndarray
    untold: np.ndarray
    follow: np.ndarray


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
        return {
            "restless": self.e.restless[row, day],
            "scatter": self.e.scatter[row, day],
            "idle": self.e.idle[row, day],
            "off": np.where(shown, self.e.residual[row, day], 0),
            "above": np.where(shown, change, 0),
            "lines": np.where(shown, self.beside.rows[row, day], 0),
            "untold": np.where(shown, untold.clip(-MOST, MOST), 1),
            "follow": self.beside.telling[row, day],
        }
