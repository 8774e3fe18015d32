"""Score flags against a labelled split: what counts as found, as false, and as neither.

Usage: python -m benchmarks.anomaly_score SPLIT_DIR FLAGS.csv

An event is found by a flag on one of its days (the first 14 of a lasting one, a ramp to its plateau's end) that was
raised
at most four days after them. Later days of an event, the return to normal and the days it takes to get used to a
new level are neutral. Every other flagged day is false; false days at most three apart are one false alarm of at most a
week. The first 60 days of a series do not count.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

WARM_UP = 60
WATCHED = 13
LATEST = 4
ECHO = 2
ADAPT = 10
ACCEPT = 45
GAP = 3
LONGEST = 7
LASTING = {"step", "drop_step", "price", "new_sku", "tag_loss"}


@dataclass(frozen=True)
class Score:
    """The figures of one run. `events` has a row per event with `hit` and `delay`, `alarms` false alarms per series."""

    events: pd.DataFrame
    alarms: pd.Series
    days: int

    @property
    def precision(self) -> float:
        return self._found / max(1, self._found + int(self.alarms.sum()))

    @property
    def recall(self) -> float:
        return self._found / len(self.events)

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)

    @property
    def false_alarms_per_series_year(self) -> float:
        return float(self.alarms.sum() / (self.days / 365.25))

    @property
    def money_recall(self) -> float:
        return float((self.events.amp * self.events.hit).sum() / self.events.amp.sum())

    @property
    def within_a_day(self) -> float:
        """Of the sudden events: found on their first or second morning."""
        sudden = self.events[self.events.kind != "ramp"]
        return float((sudden.delay <= 1).mean())

    @property
    def _found(self) -> int:
        return int(self.events.hit.sum())


def score(split: Path, flags: pd.DataFrame) -> Score:
    """Hold flags (`series_id, date, is_anomaly, as_of`) against a split's labels."""
    meta, events, ignored = (pd.read_csv(split / f"{name}.csv") for name in ("meta", "events", "ignore"))
    for frame, columns in (
        (meta, ["first_row", "end"]),
        (events, ["start", "end", "hold_end"]),
        (ignored, ["start", "end"]),
    ):
        for column in columns:
            frame[column] = days_of(frame[column])
    flags = flags[flags.is_anomaly.astype(int) == 1]
    flags = pd.DataFrame({"series_id": flags.series_id, "day": days_of(flags.date), "as_of": days_of(flags.as_of)})
    if (flags.as_of <= flags.day).any():
        raise ValueError("a flag is raised at the earliest on the morning after its day: as_of must be later than date")
    flags = flags.groupby(["series_id", "day"], as_index=False).as_of.min()
    rows, alarms, days = [], {}, 0
    for series in meta.itertuples():
        first, last = series.first_row + WARM_UP, series.end
        mine = flags[(flags.series_id == series.series_id) & (flags.day >= first) & (flags.day <= last)]
        neutral = {
            day
            for x in ignored[ignored.series_id == series.series_id].itertuples()
            for day in range(x.start - 1, x.end + 2)
        }
        used = np.zeros(len(mine), bool)
        for event in events[events.series_id == series.series_id].itertuples():
            watched, quiet = windows(event, last)
            neutral.update(range(event.start, quiet + 1))
            inside = ((mine.day >= event.start) & (mine.day <= watched)).to_numpy()
            used |= inside
            hits = mine[inside & (mine.as_of <= watched + LATEST).to_numpy()]
            delay = max(0, hits.as_of.min() - event.start - 1) if len(hits) else np.nan
            rows.append((event.event_id, series.series_id, event.kind, event.severity, event.amp, len(hits) > 0, delay))
        alarms[series.series_id] = _merged(sorted(day for day in mine.day[~used] if day not in neutral))
        days += sum(day not in neutral for day in range(first, last + 1))
    columns = ["event_id", "series_id", "kind", "severity", "amp", "hit", "delay"]
    return Score(pd.DataFrame(rows, columns=columns), pd.Series(alarms, dtype=int), days)


def days_of(values: pd.Series) -> np.ndarray:
    """Dates as days since 1970."""
    return pd.to_datetime(values).to_numpy().astype("datetime64[D]").astype("int64")


def windows(event, last: int) -> tuple[int, int]:
    """The last day on which a flag finds the event, and the last day on which one does no harm."""
    if event.kind == "ramp":
        return event.hold_end, max(event.end, event.hold_end) + ADAPT
    if event.kind not in LASTING:
        return event.end, event.end + ECHO
    quiet = (
        min(last, event.start + ACCEPT)
        if event.kind in ("price", "new_sku")
        else max(event.end, event.hold_end) + ADAPT
    )
    return min(event.end, event.start + WATCHED), quiet


def _merged(days: list[int]) -> int:
    count, start, before = 0, None, 0
    for day in days:
        if start is None or day - before > GAP or day - start >= LONGEST:
            count, start = count + 1, day
        before = day
    return count


def report(result: Score) -> str:
    """The figures as a few lines of text."""
    head = (
        f"F1 {result.f1:.3f}  precision {result.precision:.3f}  recall {result.recall:.3f}  "
        f"false alarms per series-year {result.false_alarms_per_series_year:.2f}  "
        f"within a day {result.within_a_day:.2f}  of the money {result.money_recall:.3f}"
    )
    kinds = result.events.groupby("kind").hit.agg(["mean", "size"])
    return head + "\n" + "  ".join(f"{kind} {row['mean']:.2f} ({int(row['size'])})" for kind, row in kinds.iterrows())


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(report(score(Path(sys.argv[1]), pd.read_csv(sys.argv[2], dtype={"series_id": str}))))


if __name__ == "__main__":
    main()
