"""Cut a split so that its series are young when something happens to them, as those of a company that has just begun.

Usage: python -m benchmarks.anomaly_variations.young SPLIT_DIR OUT_DIR [--days N] [--seed N]

Each series begins 36 to 150 days before one of its events, drawn at random, and ends after N days (120). Series of a
group are cut alike. What began before the detector says anything of a series is on the ignore list; scores begin where
the detector does.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.anomaly_score import WARM_UP, days_of, windows
from finops_pipeline.detect.walk import WARM_UP as SAYS_NOTHING

LEAST, MOST = SAYS_NOTHING + 1, 150
"""Days before the event that was drawn."""
LEFT = 10
"""Days after it at least."""
DATES = {"meta": ["start", "end", "first_row"], "events": ["start", "end", "hold_end"], "ignore": ["start", "end"]}


def write_young(split: Path, out: Path, days: int, seed: int) -> None:
    """All files of the split, cut."""
    tables = {name: pd.read_csv(split / f"{name}.csv") for name in DATES}
    for name, columns in DATES.items():
        tables[name] = tables[name].assign(**{column: days_of(tables[name][column]) for column in columns})
    meta, events = tables["meta"], tables["events"]
    meta["first_row"], last = _spans(meta, events, days, np.random.default_rng(seed))
    spans = pd.DataFrame({"from": meta.first_row, "to": last}).set_index(meta.series_id)
    own = spans.loc[events.series_id]
    early, inside = events.start < (own["from"] + SAYS_NOTHING).to_numpy(), events.start <= own.to.to_numpy()
    ends = dict(zip(meta.series_id, meta.end, strict=True))
    quiet = np.array([windows(event, ends[event.series_id])[1] for event in events.itertuples()], int)
    before = events.assign(start=np.maximum(events.start, own["from"].to_numpy()), end=quiet)
    before = before[early & inside & (before.end >= before.start)]
    tables["ignore"] = pd.concat([tables["ignore"], before[["series_id", "start", "end"]]])
    events[["end", "hold_end"]] = events[["end", "hold_end"]].clip(upper=own.to.to_numpy(), axis=0)
    tables["events"] = events[~early & inside]
    tables["meta"] = meta.assign(start=meta.first_row, end=last, first_row=meta.first_row + SAYS_NOTHING - WARM_UP)
    out.mkdir(parents=True, exist_ok=True)
    for name, columns in DATES.items():
        dates = {column: tables[name][column].to_numpy("int64").astype("datetime64[D]") for column in columns}
        tables[name].assign(**dates).to_csv(out / f"{name}.csv", index=False)
    for name in ("series", "late"):
        rows = pd.read_parquet(split / f"{name}.parquet")
        within, day = spans.loc[rows.series_id], days_of(rows.date)
        kept = (day >= within["from"].to_numpy()) & (day <= within.to.to_numpy())
        rows[kept].to_parquet(out / f"{name}.parquet", index=False)


def _spans(
    meta: pd.DataFrame, events: pd.DataFrame, days: int, rng: np.random.Generator
) -> tuple[pd.Series, pd.Series]:
    """The first and last day of each series."""
    family = meta.group.where(meta.group.fillna("") != "", meta.series_id)
    first = pd.Series(0, meta.index)
    for _, members in meta.groupby(family, sort=False):
        own = events.start[events.series_id.isin(members.series_id)].to_numpy()
        begin, end = int(members.first_row.min()), int(members.end.max())
        lead = int(rng.integers(LEAST, min(MOST, days - LEFT) + 1))
        event = rng.choice(own) if len(own) else rng.integers(begin + lead, max(end, begin + lead + 1))
        first[members.index] = max(begin, int(event) - lead)
    return first, np.minimum(meta.end, first + days - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("split", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write_young(arguments.split, arguments.out, arguments.days, arguments.seed)


if __name__ == "__main__":
    main()
