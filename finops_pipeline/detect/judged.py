"""What has been judged: every alarm with what was seen, and a fingerprint of the days on which it rests.

The judgement of a morning depends on the days before it and on nothing else. So what an earlier run has judged holds
as long as those days are what they were, and a run goes on where the first of them has changed.
"""

import hashlib
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.walk import Past

PRINTED = 70
"""Newest days whose fingerprints are kept: what changes before them has its whole series judged again."""

RAISED = np.dtype(
    [
        *((name, "i4") for name in ("row", "day", "lag", "channel")),
        *((name, "?") for name in ("rising", "told")),
        ("score", "f8"),
        ("name", "U12"),
        ("direction", "U4"),
        *((name, "f8") for name in ("observed", "expected", "lower", "upper")),
    ]
)
"""An alarm of the walk (its fields), and what the day looked like: see `findings.Finding`."""


@dataclass(frozen=True)
class Judged:
    """Some series after a walk: their names and first days, the last morning, fingerprints, and what was raised."""

    series: np.ndarray
    first_day: np.ndarray
    length: np.ndarray
    last_morning: np.ndarray
    prints: np.ndarray
    raised: np.ndarray

    @classmethod
    def nothing(cls, panel: Panel) -> "Judged":
        """A panel's series before any walk."""
        prints = _prints(panel)
        return cls(
            panel.series, panel.first_day, panel.length, np.full(len(prints), -1), prints, np.zeros(0, RAISED)
        )  # fmt: skip

    def after(self, raised: np.ndarray, last_morning: np.ndarray) -> "Judged":
        """The same after a walk."""
        return replace(self, raised=raised, last_morning=last_morning)

    def past_of(self, now: "Judged") -> Past:
        """What of these judgements still holds for the series as they are now."""
        names, mine, theirs = np.intersect1d(self.series, now.series, return_indices=True)
        since = np.zeros(len(now.series), int)
        if not len(names):
            return Past(since, np.zeros(0, RAISED))
        # fingerprints of the same days side by side; those of days that are not kept on both sides are 0
        shift = now.length[theirs] - self.length[mine]
        column = np.arange(PRINTED)[None, :] + shift[:, None]
        there = (column >= 0) & (column < PRINTED)
        then = np.where(there, np.take_along_axis(self.prints[mine], column.clip(0, PRINTED - 1), axis=1), 0)
        same = (then == now.prints[theirs]) & (then != 0) & (now.first_day[theirs] == self.first_day[mine])[:, None]
        # a fingerprint tells all days up to its own
        last = np.where(same.any(axis=1), PRINTED - 1 - np.argmax(same[:, ::-1], axis=1), -1)
        unchanged = np.where(last >= 0, now.length[theirs] - PRINTED + last + 1, -1)
        since[theirs] = np.minimum(unchanged, self.last_morning[mine]) + 1
        place = np.full(len(self.series), -1)
        place[mine] = theirs
        raised = self.raised[place[self.raised["row"]] >= 0]
        raised["row"] = place[raised["row"]]
        return Past(since, raised[raised["day"] + raised["lag"] < since[raised["row"]]])

    def write(self, path: Path) -> None:
        """Into a file, in place of an older one in one step."""
        fresh = path.with_suffix(".new.npz")
        np.savez(fresh, made_with=np.array(_made_with()), **self.__dict__)
        fresh.replace(path)


def read_judged(path: Path) -> Judged | None:
    """What an earlier run has judged, unless other code or another numpy did, or the file cannot be read any more."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["made_with"]) != _made_with():
                return None
            return Judged(**{name: kept[name] for name in Judged.__dataclass_fields__})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _made_with() -> str:
    """A digest of the code that judges, of what it has learnt and of the numpy it judges with."""
    digest = hashlib.sha256(np.__version__.encode())
    for path in sorted(path for path in Path(__file__).parent.iterdir() if path.suffix in (".py", ".csv")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _prints(panel: Panel) -> np.ndarray:
    """For the newest days of each series a fingerprint of all that it holds up to that day; 0 where there is none."""
    size, days = panel.cost.shape
    matrices = [
        np.ascontiguousarray(getattr(panel, name).T, dtype=float).view(np.uint64)
        for name in ("cost", "usage", "rows", "first_cost", "second_cost", "first_rows", "second_rows")
    ]
    late = np.ascontiguousarray(panel.late.T, dtype=np.uint64)
    state = np.full(size, 0x9E3779B97F4A7C15, np.uint64)
    prints = np.zeros((size, PRINTED), np.uint64)
    for day in range(days):
        for values in (*matrices, late):
            state = _mixed(state ^ values[day])
        column = day - panel.length + PRINTED
        kept = np.flatnonzero((column >= 0) & (column < PRINTED))
        prints[kept, column[kept]] = state[kept] | np.uint64(1)
    return prints


def _mixed(state: np.ndarray) -> np.ndarray:
    """A bijection that spreads every bit (the finalizer of splitmix64)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
