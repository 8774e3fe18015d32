"""The company's daily series as a panel: from the rows of `int_daily_series` to what the detector reads.

A row is a series' day. A series without a row on a day cost nothing then, but for an account: its missing day is a
fault of the export, and stays missing.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from finops_pipeline.detect.panel import LOOKS, UNTOLD, Looks, Panel, Rows, dates_of, floats_of, panel_of_rows

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
    one, number = _told_apart(rows)
    series = [Series(**key) for key in rows.select(list(KEY)).take(pa.array(one)).to_pylist()]
    names = np.array(["\x1f".join(getattr(s, name) or "" for name in KEY) for s in series], object)
    order = np.argsort(names)
    series, one, names = [series[place] for place in order], one[order], names[order].astype(str)
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    number = rank[number]
    dates, cost, count = dates_of(rows, "charge_date"), floats_of(rows, "cost"), floats_of(rows, "row_count")
    first, second = floats_of(rows, "first_share"), floats_of(rows, "second_share")
    looks = (cost * first, cost * second, count * first, count * second)
    seen: dict[str, np.ndarray] = dict(zip(LOOKS, looks, strict=True))
    columns = {"cost": cost, "usage": floats_of(rows, "usage"), "rows": count}
    is_account = np.array([s.scope == "account" for s in series])
    ends, read, starts = (dates_of(rows, name)[one] for name in ("last_day", "as_of", "first_day"))
    panel = panel_of_rows(
        Rows(names, number, dates, columns),
        Looks(number, dates, seen),
        np.full(len(series), ""),
        ends,
        read,
        np.where(is_account, UNTOLD, starts),
    )
    return series, _without_gaps(panel, ~is_account)


def _told_apart(rows: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """One row of each series, and for each row the number of its series."""
    code = np.zeros(rows.num_rows, np.int64)
    for name in KEY:
        column = pc.dictionary_encode(rows[name].combine_chunks())  # pyright: ignore[reportAttributeAccessIssue]
        # of each column few values, so that their codes fit into one number
        code = code * (len(column.dictionary) + 1) + pc.fill_null(column.indices, -1).to_numpy() + 1
    _, one, number = np.unique(code, return_index=True, return_inverse=True)
    return one, number


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
