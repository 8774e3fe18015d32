"""Learn what makes an odd day an event (finops_pipeline/detect/belief.csv) from labelled splits; judge those left out.

Usage: python -m benchmarks.anomaly_belief OUT.csv SPLIT_DIR... [--unseen SPLIT_DIR...]
in an environment with benchmarks/anomaly_belief.requirements.txt; what ships needs none of it.

An example is what a walk weighs outside of the two weeks after an alarm: an event where a flag on that day would find
one, none where it would be false. All that speaks of one event counts as one example, the dearer the more, and so does
what speaks of one series within five days without an event. Steps are boosted trees of two questions each, which may
only go the way that reason says where it says one. Splits whose names differ by a number are drawings of one world,
and so is one cut to young series (anomaly_variations/young.py), whose name begins with "young-".
Each world is walked with steps learnt from the others; what is unseen has no say in any.
"""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

from benchmarks.anomaly import read_split
from benchmarks.anomaly_score import WARM_UP, days_of, score, windows
from finops_pipeline.detect.belief import UNIT, Hints, Steps
from finops_pipeline.detect.candidates import Sight
from finops_pipeline.detect.channels import watched
from finops_pipeline.detect.findings import Seen
from finops_pipeline.detect.judged import RAISED
from finops_pipeline.detect.panel import Panel, panel_of
from finops_pipeline.detect.walk import Loud, Past, Walk

STEPS = 60
ONE_WAY = {
    "distance": 1, "beside": 1, "off": 1, "above": 1, "untold": 1, "size": 1, "ago": 1, "told": -1, "restless": -1,
}  # fmt: skip
"""Figures of which more can only speak for an event, or only against one."""
LEARNING = {
    "objective": "binary",
    "max_depth": 2,
    "num_leaves": 4,
    "learning_rate": 0.3,
    "min_data_in_leaf": 100,
    "lambda_l2": 10,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbosity": -1,
}
DEARER = 0.15
"""An event that costs twice as much counts 2 to this power times as much."""
DIGITS = 5
YOUNG = "young-"
"""What the name of a split begins with whose series are young (anomaly_variations/young.py)."""
NEITHER, NONE = -2, -1
ALONE = Steps(
    0, np.full((1, 3), "distance"), np.array([[1, 0, 0]]), np.array([[-UNIT, 0, 0]]), np.array([[UNIT, 0, 0]])
)
"""Whoever goes beyond the threshold is told."""
SHOWN = {
    "F1": "f1",
    "false alarms": "false_alarms_per_series_year",
    "within a day": "within_a_day",
    "of the money": "money_recall",
}


class Recorded(Walk):
    """A walk by some steps that keeps the figures of all that it weighs."""

    steps: Steps
    examples: list[pd.DataFrame]

    @classmethod
    def of(cls, split: Path, steps: Steps) -> tuple["Recorded", Panel]:
        """Ready to run over a split."""
        panel = panel_of(*read_split(split))
        seen = Seen.of(panel)
        channels = watched(seen.panel, seen.expected, *seen.shares)
        none = Past(np.zeros(len(panel.series), int), np.zeros(0, RAISED))
        walk = cls(Sight.of(seen.panel, seen.expected), channels, none)
        walk.steps, walk.examples = steps, []
        return walk, panel

    def hints(self, loud: Loud, monday: int) -> Hints:
        hints, day = replace(super().hints(loud, monday), steps=self.steps), loud.morning - loud.lag
        weighed = np.array([c.weighed for c in self.channels])[loud.channel]
        figures = pd.DataFrame(hints.figures()).astype(float).assign(row=loud.row, day=day)
        self.examples.append(figures[weighed & (day > self.quiet_until[loud.row])])
        return hints


@np.errstate(all="ignore")
def examples(split: Path, steps: Steps) -> pd.DataFrame:
    """The figures of a split's hints, whether each is of an event, and what of an example each is."""
    walk, panel = Recorded.of(split, steps)
    walk.run()
    found = pd.concat(walk.examples, ignore_index=True)
    event = _labels(split, panel)[found.row, found.day]
    found = found.assign(event=event >= 0, world=world_of(split))
    # an event has one number, five days of a series without one another
    place = np.where(event >= 0, -1 - event, found.row * 1000 + found.day // 5)
    cost = pd.read_csv(split / "events.csv").amp
    dear = (1 + cost) / (1 + cost.median())
    found["weight"] = np.where(event >= 0, dear.reindex(event).to_numpy() ** DEARER, 1.0)
    found["weight"] /= found.groupby(place).row.transform("size")
    return found[event != NEITHER]


def world_of(split: Path) -> str:
    """The name of a split without the number of its drawing, and without saying that its series are young."""
    return split.name.removeprefix(YOUNG).rstrip("0123456789")


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


def learn(found: pd.DataFrame) -> Steps:
    """Steps that tell the events of some examples."""
    names = [name for name in found.columns if name not in ("row", "day", "event", "world", "weight")]
    one_way = [ONE_WAY.get(name, 0) for name in names]
    data = lightgbm.Dataset(found[names], found.event, weight=found.weight)
    model = lightgbm.train(LEARNING | {"monotone_constraints": one_way}, data, STEPS)
    return steps_of([tree["tree_structure"] for tree in model.dump_model()["tree_info"]], names)


def steps_of(trees: list[dict], names: list[str]) -> Steps:
    """Trees of two questions as what each answer adds to what its question found."""
    usual, questions = 0.0, []
    for tree in trees:
        usual += _thousandths(tree)
        for node in (tree, tree.get("left_child", {}), tree.get("right_child", {})):
            if "split_feature" in node:
                sides = (_thousandths(node[side]) - _thousandths(node) for side in ("left_child", "right_child"))
                question = (names[node["split_feature"]], _rounded_up(node["threshold"]))
                questions.append((*question, *sides))
            else:
                questions.append((names[0], 0.0, 0.0, 0.0))
    return Steps(usual, *(np.array(each).reshape(-1, 3) for each in zip(*questions, strict=True)))


def _thousandths(node: dict) -> float:
    """What a tree says on average of those that come to a node; what its answers add up to is each leaf, rounded."""
    values, weights = zip(*_leaves(node), strict=True)
    return float(round(UNIT * np.average(values, weights=weights)))


def _leaves(node: dict) -> list[tuple[float, float]]:
    if "leaf_value" in node:
        return [(node["leaf_value"], node["leaf_weight"])]
    return _leaves(node["left_child"]) + _leaves(node["right_child"])


def _rounded_up(threshold: float) -> float:
    """To a few digits; what is equal to a threshold counts as less than it."""
    if threshold == 0:
        return 10.0**-DIGITS
    unit = 10.0 ** (np.floor(np.log10(abs(threshold))) - DIGITS)
    return float(f"{(np.floor(threshold / unit) + 1) * unit:.{DIGITS + 1}g}")


def write(steps: Steps, out: Path) -> None:
    """As the table that belief.py reads: the first row holds for all, each other one is a question."""
    with out.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["asked", "figure", "at", "less", "more"])
        table.writerow(["", "", "", f"{steps.usual:.0f}", f"{steps.usual:.0f}"])
        for figure, at, less, more in zip(steps.figure, steps.at, steps.less, steps.more, strict=True):
            for number, asked in enumerate(("of all", "if less", "if more")):
                amounts = (f"{at[number]:.{DIGITS + 1}g}", f"{less[number]:.0f}", f"{more[number]:.0f}")
                table.writerow([asked, figure[number], *amounts])


@np.errstate(all="ignore")
def judged(split: Path, steps: Steps) -> dict[str, object]:
    """The figures of a walk over a split."""
    walk, panel = Recorded.of(split, steps)
    told = [alarm for alarm in walk.run() if alarm.told]
    day = np.array([panel.first_day[alarm.row] + alarm.day for alarm in told]).astype("datetime64[D]")
    flags = pd.DataFrame({"series_id": [str(panel.series[alarm.row]) for alarm in told], "date": day, "is_anomaly": 1})
    result = score(split, flags.assign(as_of=day + np.array([alarm.lag for alarm in told])))
    return {"split": split.name, "world": world_of(split)} | {name: getattr(result, of) for name, of in SHOWN.items()}


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    out, *names = sys.argv[1:]
    end = names.index("--unseen") if "--unseen" in names else len(names)
    seen, unseen = ([Path(name) for name in part] for part in (names[:end], names[end + 1 :]))
    # what is told of a series is weighed later on: the second walks weigh about as what ships does
    found = pd.concat([examples(split, ALONE) for split in seen], ignore_index=True)
    told = learn(found)
    found = pd.concat([examples(split, told) for split in seen], ignore_index=True)
    rows = []
    for world in sorted({world_of(split) for split in seen}):
        steps = learn(found[found.world != world])
        for split in (split for split in seen + unseen if world_of(split) == world):
            rows.append(judged(split, steps) | {"unseen": split in unseen})
    figures = pd.DataFrame(rows)
    print(figures.groupby(["unseen", "world"])[list(SHOWN)].mean().round(3).to_string())
    print(figures.groupby("unseen")[list(SHOWN)].mean().round(3).to_string())
    write(learn(found), Path(out))


if __name__ == "__main__":
    main()
