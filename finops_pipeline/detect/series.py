"""The company's daily series as a panel: from the rows of `int_daily_series` to what the detector reads.

A row is a series' day. A series without a row on a day cost nothing then, but for an account: its missing day is a
fault of the export, and stays missing.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.panel import DAY, Panel, panel_of

KEY = ("scope", "metric", "source_name", "provider_name", "service_name", "entity", "billing_currency")
"""What tells series apart."""


@dataclass(frozen=True)
class Series:
    """One thing that is watched."""

    scope: str
    metric: str
    source_name: str | None
    provider_name: str | None
    service_name: str | None
    entity: str
    billing_currency: str


def panel_of_series(rows: pa.Table) -> tuple[list[Series], Panel]:
    """The series, and their panel in the same order.

    `rows` holds the key, `charge_date, cost, usage, row_count, first_day, last_day, as_of, first_share, second_share`.
    From `first_day` on a series could have had cost: what begins later is new. The shares are what a source's
    deliveries showed of a day on its first and second morning, null where none came or nobody knows.
    """
    keys = rows.select(list(KEY)).combine_chunks()
    text = pa.array(["\x1f".join("" if v is None else v for v in key.values()) for key in keys.to_pylist()])
    names, first, number = np.unique(text.to_numpy(zero_copy_only=False), return_index=True, return_inverse=True)
    series = [Series(**keys.slice(int(position), 1).to_pylist()[0]) for position in first]
    labels = pa.array([f"{n:09d}" for n in range(len(names))]).take(pa.array(number))
    cost = _floats(rows, "cost")
    table = pa.table(
        {
            "series_id": labels,
            "date": rows["charge_date"],
            "cost": cost,
            "usage": _floats(rows, "usage"),
            "rows": _floats(rows, "row_count"),
        }
    )
    vintages = {"series_id": labels, "date": rows["charge_date"]}
    for lag, share in ((1, "first_share"), (2, "second_share")):
        seen = _floats(rows, share)
        vintages |= {f"cost_lag{lag}": cost * seen, f"rows_lag{lag}": _floats(rows, "row_count") * seen}
    ends, read, starts = (_days(rows, name) for name in ("last_day", "as_of", "first_day"))
    end = {f"{n:09d}": int(ends[position]) for n, position in enumerate(first)}
    as_of = {f"{n:09d}": int(read[position]) for n, position in enumerate(first)}
    start = {f"{n:09d}": int(starts[position]) for n, position in enumerate(first) if series[n].scope != "account"}
    panel = panel_of(table, pa.table(vintages), end=end, as_of=as_of, start=start)
    return series, _without_gaps(panel, np.array([s.scope != "account" for s in series]))


def _without_gaps(panel: Panel, filled: np.ndarray) -> Panel:
    """Nothing was spent where there is no row; and a day that no delivery showed early is late all the same."""
    inside = np.arange(panel.cost.shape[1])[None, :] < panel.length[:, None]
    hole = np.isnan(panel.cost) & filled[:, None] & inside
    zero = {name: np.where(hole, 0.0, getattr(panel, name)) for name in ("cost", "first_cost", "second_cost")}
    counted = np.isfinite(panel.rows).any(axis=1, keepdims=True)
    zero |= {
        name: np.where(hole & counted, 0.0, getattr(panel, name)) for name in ("rows", "first_rows", "second_rows")
    }
    return replace(panel, late=np.ones(panel.late.shape, bool), **zero)


def _floats(rows: pa.Table, name: str) -> np.ndarray:
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(zero_copy_only=False), float)


def _days(rows: pa.Table, name: str) -> np.ndarray:
    return rows[name].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype(DAY).astype(int)
