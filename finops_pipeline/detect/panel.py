"""The detector's input as matrices: one row per series, one column per day, with what each morning could see."""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.windows import carry_week

DAY = "datetime64[D]"
SETTLED = 3
"""Mornings after which a day is final."""


@dataclass(frozen=True)
class Panel:
    """Daily cost, usage and row counts; NaN is a day without a row.

    `first_*` and `second_*` are the values seen one and two mornings after the day; `settled` where they equal the
    final one. Column 0 of a series is its own first day, so that series of different years share one matrix.
    """

    series: np.ndarray
    first_day: np.ndarray
    length: np.ndarray
    cost: np.ndarray
    usage: np.ndarray
    rows: np.ndarray
    first_cost: np.ndarray
    second_cost: np.ndarray
    first_rows: np.ndarray
    second_rows: np.ndarray
    late: np.ndarray
    group: np.ndarray
    last_morning: np.ndarray
    """The column of the newest morning: nothing is known of a later look at the same days."""

    @property
    def days(self) -> np.ndarray:
        """The date of each cell, as days since 1970."""
        return self.first_day[:, None] + np.arange(self.cost.shape[1])[None, :]

    def rough(self) -> "Panel":
        """The same in single precision, in which statistics cost half; row counts stay whole."""
        names = ("cost", "usage", "first_cost", "second_cost")
        return replace(self, **{name: getattr(self, name).astype(np.float32) for name in names})

    @cached_property
    def log_rows(self) -> np.ndarray:
        """Log row counts, days without one as a week before."""
        return np.log1p(carry_week(self.rows.astype(np.float32)))

    def part(self, rows: slice | np.ndarray) -> "Panel":
        """The same of some series."""
        return Panel(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def _column(table: pa.Table, name: str, size: int) -> np.ndarray:
    if name not in table.column_names:
        return np.full(size, np.nan)
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), float)


def _dates(table: pa.Table) -> np.ndarray:
    return table["date"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype(DAY).astype(int)


def panel_of(
    table: pa.Table,
    vintages: pa.Table | None = None,
    groups: dict[str, str] | None = None,
    end: dict[str, int] | None = None,
    as_of: dict[str, int] | None = None,
    start: dict[str, int] | None = None,
) -> Panel:
    """Matrices from a long table `series_id, date, cost, usage, rows` and the late feeds' earlier views of the same
    days.

    `vintages` holds `cost_lag1, cost_lag2, rows_lag1, rows_lag2`; a day that is not in it was complete at once, a view
    that is null was not taken. Several rows of one series and day are added up. `start` and `end` may say how far a
    series reaches when its first or last days have no row, `as_of` on which morning it was read last; without it every
    day has settled.
    """
    names = np.asarray(table["series_id"].cast(pa.string()).to_numpy(zero_copy_only=False), str)
    series, row = np.unique(names, return_inverse=True)
    date = _dates(table)
    first = np.full(len(series), np.iinfo(int).max)
    np.minimum.at(first, row, date)
    last = np.full(len(series), 0)
    np.maximum.at(last, row, date)
    for position, name in enumerate(series):
        last[position] = max(last[position], (end or {}).get(str(name), 0))
        first[position] = min(first[position], (start or {}).get(str(name), first[position]))
    length = last - first + 1
    shape = (len(series), int(length.max(initial=0)))
    cost, usage, rows = (
        _matrix(shape, row, date - first[row], _column(table, c, len(date))) for c in ("cost", "usage", "rows")
    )
    seen = {"cost_lag1": cost.copy(), "cost_lag2": cost.copy(), "rows_lag1": rows.copy(), "rows_lag2": rows.copy()}
    late = np.zeros(shape, bool)
    if vintages is not None and vintages.num_rows:
        position = {name: number for number, name in enumerate(series)}
        owner = np.array([position.get(str(name), -1) for name in vintages["series_id"].to_pylist()])
        day = _dates(vintages)
        inside = (owner >= 0) & (day >= first[owner]) & (day <= last[owner])
        owner, day = owner[inside], (day - first[owner])[inside]
        late[owner, day] = True
        for name, matrix in seen.items():
            values = _column(vintages, name, len(inside))[inside]
            matrix[owner, day] = values
    group = np.array([(groups or {}).get(str(name), "") for name in series])
    settled = last - first + 1 + SETTLED
    read = np.array([(as_of or {}).get(str(name), first[i] + settled[i]) for i, name in enumerate(series)], int) - first
    return Panel(
        series, first, length, cost, usage, rows,
        seen["cost_lag1"], seen["cost_lag2"], seen["rows_lag1"], seen["rows_lag2"], late, group,
        np.minimum(settled, read),
    )  # fmt: skip


def _matrix(shape: tuple[int, int], row: np.ndarray, column: np.ndarray, values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    total = np.zeros(shape)
    np.add.at(total, (row[known], column[known]), values[known])
    count = np.zeros(shape, bool)
    count[row[known], column[known]] = True
    return np.where(count, total, np.nan)
