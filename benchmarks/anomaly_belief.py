"""Fit what makes an odd day an event (finops_pipeline/detect/belief.py) to labelled splits; show it on those left out.

Usage: python -m benchmarks.anomaly_belief SPLIT_DIR...

An example is what a walk weighs outside of the two weeks after an alarm: an event where a flag on that day would find
one, none where it would be false. All that speaks of one event counts as one example, and so does what speaks of one
series within five days without an event. Splits whose names differ by a number are drawings of one world. Each world
is shown by a fit to the others: log-loss there, beside that of the distance alone and of the weights that ship.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.anomaly import read_split
from benchmarks.anomaly_score import WARM_UP, days_of, windows
from finops_pipeline.detect.belief import WEIGHTS, Hints
from finops_pipeline.detect.candidates import Sight
from finops_pipeline.detect.channels import watched
from finops_pipeline.detect.findings import Seen
from finops_pipeline.detect.judged import RAISED
from finops_pipeline.detect.panel import Panel, panel_of
from finops_pipeline.detect.walk import Loud, Past, Walk

RIDGE = 1.0
STEPS = 30
ALONE = ("distance", "usual")
NEITHER, NONE = -2, -1


class Recorded(Walk):
    """A walk that keeps the figures of all that it weighs."""

    examples: list[pd.DataFrame]

    def hints(self, loud: Loud, monday: int) -> Hints:
        hints, day = super().hints(loud, monday), loud.morning - loud.lag
        weighed = np.array([c.weighed for c in self.channels])[loud.channel]
        figures = pd.DataFrame(hints.figures()).assign(row=loud.row, day=day)
        self.examples.append(figures[weighed & (day > self.quiet_until[loud.row])])
        return hints


def examples(split: Path) -> pd.DataFrame:
    """The figures of a split's hints, whether each is of an event, and what of an example each is."""
    panel = panel_of(*read_split(split))
    with np.errstate(all="ignore"):
        seen = Seen.of(panel)
        channels = watched(seen.panel, seen.expected, *seen.shares)
        walk = Recorded(
            Sight.of(seen.panel, seen.expected), channels, Past(np.zeros(len(panel.series), int), np.zeros(0, RAISED))
        )
        walk.examples = []
        walk.run()
    found = pd.concat(walk.examples, ignore_index=True)
    event = _labels(split, panel)[found.row, found.day]
    found = found.assign(event=event >= 0, world=split.name.rstrip("0123456789"))
    # an event has one number, five days of a series without one another
    place = np.where(event >= 0, -1 - event, found.row * 1000 + found.day // 5)
    found["weight"] = 1 / found.groupby(place).row.transform("size")
    return found[event != NEITHER]


def _labels(split: Path, panel: Panel) -> np.ndarray:
    """For each series and day the number of the event that a flag would find, or that it would be false, or neither."""
    meta, events, ignored = (pd.read_csv(split / f"{name}.csv") for name in ("meta", "events", "ignore"))
    row = {str(name): number for number, name in enumerate(panel.series)}
    labels = np.full(panel.cost.shape, NEITHER)

    def put(series_id: str, first: int, last: int, label: int) -> None:
        start = panel.first_day[row[series_id]]
        labels[row[series_id], max(0, first - start) : max(0, last + 1 - start)] = label

    ends = dict(zip(meta.series_id, days_of(meta.end), strict=True))
    for series_id, first in zip(meta.series_id, days_of(meta.first_row), strict=True):
        put(series_id, first + WARM_UP, ends[series_id], NONE)
    for series_id, *span in zip(ignored.series_id, days_of(ignored.start), days_of(ignored.end), strict=True):
        put(series_id, span[0] - 1, span[1] + 1, NEITHER)
    events = events.assign(**{name: days_of(events[name]) for name in ("start", "end", "hold_end")})
    spans = [(event, *windows(event, ends[event.series_id])) for event in events.itertuples()]
    for event, _, quiet in spans:
        put(event.series_id, event.start, quiet, NEITHER)
    for number, (event, watched_until, _) in enumerate(spans):
        put(event.series_id, event.start, watched_until, number)
    return labels


def fit(found: pd.DataFrame, names: tuple[str, ...]) -> dict[str, float]:
    """Weights by Newton's method; a little ridge keeps what is rare near zero."""
    x, y, w = found[list(names)].to_numpy(float), found.event.to_numpy(float), found.weight.to_numpy()
    beta = np.zeros(len(names))
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(x @ beta)))
        slope = x.T @ (w * (y - p)) - RIDGE * beta
        beta += np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(names)), slope)
    return dict(zip(names, beta, strict=True))


def loss(found: pd.DataFrame, weights: dict[str, float]) -> float:
    """Mean log-loss of an example."""
    odds = sum(weight * found[name].to_numpy(float) for name, weight in weights.items())
    p = 1 / (1 + np.exp(-np.where(found.event, odds, -odds)))
    return float(np.average(-np.log(p), weights=found.weight))


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    found = pd.concat([examples(Path(split)) for split in sys.argv[1:]], ignore_index=True)
    names = tuple(WEIGHTS)
    print("world  examples  events  fitted to others  distance alone  as shipped")
    for world, own in found.groupby("world"):
        others = found[found.world != world]
        row = [loss(own, fit(others, names)), loss(own, fit(others, ALONE)), loss(own, WEIGHTS)] if len(others) else []
        print(
            f"{world}  {own.weight.sum():.0f}  {own.weight[own.event].sum():.0f}  " + "  ".join(f"{v:.3f}" for v in row)
        )
    print("fitted to all: " + ", ".join(f"{name} {weight:.2f}" for name, weight in fit(found, names).items()))


if __name__ == "__main__":
    main()
