"""Write a world as a bench split. Usage: python -m benchmarks.anomaly_variations LETTER OUT_DIR [--seed N]"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.anomaly_variations import plant as planting
from benchmarks.anomaly_variations import (
    world_a,
    world_b,
    world_c,
    world_d,
    world_e,
    world_f,
    world_g,
    world_h,
    world_i,
    world_j,
    world_j_incidents,
    world_k,
    world_k_incidents,
)
from benchmarks.anomaly_variations.calendars import weekday
from benchmarks.anomaly_variations.plant import Event, move_tags
from benchmarks.anomaly_variations.world_a import Bill

WORLDS = {
    "a": (world_a.ARCHETYPES, world_a.LATE_SHARE, 101),
    "b": (world_b.ARCHETYPES, world_b.LATE_SHARE, 202),
    "c": (world_c.ARCHETYPES, world_c.LATE_SHARE, 303),
    "d": (world_d.ARCHETYPES, world_d.LATE_SHARE, 404),
    "e": (world_e.ARCHETYPES, world_e.LATE_SHARE, 505),
    "f": (world_f.ARCHETYPES, world_f.LATE_SHARE, 606),
    "g": (world_g.ARCHETYPES, world_g.LATE_SHARE, 707),
    "h": (world_h.ARCHETYPES, world_h.LATE_SHARE, 808),
    "i": (world_i.ARCHETYPES, world_i.LATE_SHARE, 909),
    "j": (world_j.ARCHETYPES, world_j.LATE_SHARE, 1010),
    "k": (world_k.ARCHETYPES, world_k.LATE_SHARE, 1111),
}
GOES_WRONG = {
    "d": world_d, "e": world_e, "f": world_f, "g": world_g, "h": world_h, "i": world_i, "j": world_j_incidents,
    "k": world_k_incidents,
}  # fmt: skip
"""Worlds that say by themselves what goes wrong and how their feeds lag; the others share one way."""
Tables = dict[str, list[dict[str, object]]]


def write_world(name: str, out: Path, seed: int | None = None) -> None:
    """All files of one split: series, late, meta, events and the ignore list (empty where all is right or wrong)."""
    series, late, meta, events, ignore = make_world(name, WORLDS[name][2] if seed is None else seed)
    out.mkdir(parents=True, exist_ok=True)
    series.to_parquet(out / "series.parquet", index=False)
    late.to_parquet(out / "late.parquet", index=False)
    meta.to_csv(out / "meta.csv", index=False)
    events.to_csv(out / "events.csv", index=False)
    ignore.to_csv(out / "ignore.csv", index=False)


def sample_world(name: str, seed: int, share: float, late_share: float) -> tuple[pa.Table, pa.Table]:
    """Series and earlier views of a small world, as the detector takes them."""
    series, late, *_ = make_world(name, seed, share, late_share)
    return pa.Table.from_pandas(series, preserve_index=False), pa.Table.from_pandas(late, preserve_index=False)


def make_world(
    name: str, seed: int, share: float = 1.0, late_share: float | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Series, late, meta, events and what to ignore; `share` scales how many series of each kind there are."""
    archetypes, usual_late, _ = WORLDS[name]
    late_share = usual_late if late_share is None else late_share
    rng = np.random.default_rng(seed)
    tables: Tables = {"meta": [], "events": [], "ignore": []}
    frames: dict[str, list[pd.DataFrame]] = {"series": [], "late": []}
    for make, count in archetypes.items():
        for number in range(max(1, round(count * share))):
            first = np.datetime64("2024-06-01") + int(rng.integers(0, 500))
            dates = first + np.arange(int(rng.integers(230, 400)))
            head = make(rng, dates)
            family = [head, *head.peers]
            moved = move_tags(rng, family[0], family[1]) if head.group else None
            for bill in family:
                events, gone = GOES_WRONG.get(name, planting).plant(rng, bill, 1.4)
                events += [moved] if moved else []
                bill.group = f"{name}-{head.archetype}-{number}" if bill.group else ""
                _append(rng, name, bill, dates, gone, events, rng.random() < late_share, tables, frames)
    return (
        pd.concat(frames["series"]),
        pd.concat(frames["late"]),
        pd.DataFrame(tables["meta"]),
        pd.DataFrame(tables["events"]),
        pd.DataFrame(tables["ignore"], columns=["series_id", "start", "end"]),
    )


def _append(
    rng: np.random.Generator, world: str, bill: Bill, dates: np.ndarray, gone: np.ndarray, events: list[Event],
    late: bool, tables: Tables, frames: dict[str, list[pd.DataFrame]],
) -> None:  # fmt: skip
    series_id = f"{world}{len(tables['meta']):03d}"
    usage = np.full(len(dates), np.nan) if bill.usage is None else bill.usage
    frame = pd.DataFrame(
        {"series_id": series_id, "date": dates.astype("datetime64[ns]"), "rows": bill.rows.astype(int)}
    )
    frame = frame.assign(cost=bill.cost, usage=usage)
    if late:
        first, second = GOES_WRONG.get(world, planting).lateness(rng, bill, weekday(dates))
        seen = frame[["series_id", "date"]].assign(
            cost_lag1=np.where(first > 0, bill.cost * first, np.nan),
            cost_lag2=bill.cost * second,
            rows_lag1=np.where(first > 0, (bill.rows * first).round(), np.nan),
            rows_lag2=(bill.rows * second).round(),
        )
        frames["late"].append(seen.loc[~gone])
    frames["series"].append(frame.loc[~gone])
    meta = {"series_id": series_id, "archetype": bill.archetype, "source": bill.archetype, "real": False, "late": late}
    meta |= {
        "has_usage": bill.usage is not None,
        "start": dates[0],
        "end": dates[-1],
        "first_row": dates[0],
        "group": bill.group,
    }
    tables["meta"].append(meta)
    for first, last in bill.debatable:
        tables["ignore"].append(
            {"series_id": series_id, "start": dates[first], "end": dates[min(last, len(dates) - 1)]}
        )
    for event in sorted(events, key=lambda e: e.start):
        row: dict[str, object] = {"event_id": f"{world}e{len(tables['events']):03d}", "series_id": series_id}
        row |= {
            "kind": event.kind,
            "severity": event.severity,
            "direction": event.direction,
            "amp": round(event.amp, 2),
        }
        row |= {"start": dates[event.start], "end": dates[min(event.end, len(dates) - 1)]}
        tables["events"].append(row | {"hold_end": dates[min(event.hold_end, len(dates) - 1)]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", choices=sorted(WORLDS))
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    write_world(arguments.world, arguments.out, arguments.seed)


if __name__ == "__main__":
    main()
