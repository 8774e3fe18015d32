"""The detector's input as matrices: one row per series, one column per day, with what each morning could see."""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.windows import carry_week, columns_from

DAY = "datetime64[D]"
SETTLED = 3
"""Mornings after which a day is final."""
LOOKS = ("cost_lag1", "cost_lag2", "rows_lag1", "rows_lag2")
UNTOLD = -1
"""In place of a day since 1970: nobody said."""


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

    @cached_property
    def log_second_rows(self) -> np.ndarray:
        """The same as the second mornings showed them."""
        return np.log1p(carry_week(self.second_rows.astype(np.float32)))

    def tail(self, size: int) -> "Panel":
        """The last `size` days of each series; none may be shorter."""
        start = self.length - size
        cut = {
            field.name: columns_from(values, start, size)
            for field in fields(self)
            if (values := getattr(self, field.name)).ndim > 1
        }
        moved = {"first_day": self.first_day + start, "length": self.length - start}
        tail = replace(self, **cut, **moved, last_morning=self.last_morning - start)
        # what fills a gap may stand before the days that are kept
        for name in ("log_rows", "log_second_rows"):
            tail.__dict__[name] = columns_from(getattr(self, name), start, size)
        return tail

    def part(self, rows: slice | np.ndarray) -> "Panel":
        """The same of some series."""
        return Panel(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def _column(table: pa.Table, name: str) -> np.ndarray:
    return floats_of(table, name) if name in table.column_names else np.full(table.num_rows, np.nan)


def floats_of(table: pa.Table, name: str) -> np.ndarray:
    """A column of numbers; null is NaN."""
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), float)


def dates_of(table: pa.Table, name: str) -> np.ndarray:
    """A column of dates, as days since 1970."""
    return table[name].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False).astype(DAY).astype(int)


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
    date = dates_of(table, "date")
    looks = None
    if vintages is not None and vintages.num_rows:
        position = {name: number for number, name in enumerate(series)}
        owner = np.array([position.get(str(name), -1) for name in vintages["series_id"].to_pylist()])
        looks = Looks(owner, dates_of(vintages, "date"), {name: _column(vintages, name) for name in LOOKS})
    told = lambda known: np.array([(known or {}).get(str(name), UNTOLD) for name in series], int)  # noqa: E731
    columns = {name: _column(table, name) for name in ("cost", "usage", "rows")}
    group = np.array([(groups or {}).get(str(name), "") for name in series])
    return panel_of_rows(Rows(series, row, date, columns), looks, group, told(end), told(as_of), told(start))


@dataclass(frozen=True)
class Rows:
    """A long table: names of the series, and for each row the number of its series, its date and its columns."""

    series: np.ndarray
    row: np.ndarray
    date: np.ndarray
    columns: dict[str, np.ndarray]


@dataclass(frozen=True)
class Looks:
    """What the first and the second morning showed of some days, by the number of the series (-1: of none)."""

    row: np.ndarray
    date: np.ndarray
    columns: dict[str, np.ndarray]


def panel_of_rows(
    rows: Rows, looks: Looks | None, group: np.ndarray, end: np.ndarray, as_of: np.ndarray, start: np.ndarray
) -> Panel:
    """The same from arrays; `end`, `as_of` and `start` hold a day for each series, or UNTOLD."""
    row, date = rows.row, rows.date
    first = np.full(len(rows.series), np.iinfo(int).max)
    np.minimum.at(first, row, date)
    last = end.clip(0)
    np.maximum.at(last, row, date)
    first = np.where(start == UNTOLD, first, np.minimum(first, start))
    length = last - first + 1
    shape = (len(first), int(length.max(initial=0)))
    cost, usage, count = (
        _matrix(shape, row, date - first[row], rows.columns[name]) for name in ("cost", "usage", "rows")
    )
    seen = {"cost_lag1": cost.copy(), "cost_lag2": cost.copy(), "rows_lag1": count.copy(), "rows_lag2": count.copy()}
    late = np.zeros(shape, bool)
    if looks is not None:
        inside = (looks.row >= 0) & (looks.date >= first[looks.row]) & (looks.date <= last[looks.row])
        owner = looks.row[inside]
        day = looks.date[inside] - first[owner]
        late[owner, day] = True
        for name, matrix in seen.items():
            matrix[owner, day] = looks.columns[name][inside]
    settled = length + SETTLED
    return Panel(
        rows.series, first, length, cost, usage, count,
        seen["cost_lag1"], seen["cost_lag2"], seen["rows_lag1"], seen["rows_lag2"], late, group,
        np.where(as_of == UNTOLD, settled, np.minimum(settled, as_of - first)),
    )  # fmt: skip


def _matrix(shape: tuple[int, int], row: np.ndarray, column: np.ndarray, values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    cell = row[known] * shape[1] + column[known]
    total = np.bincount(cell, values[known], minlength=shape[0] * shape[1]).astype(float)
    total[np.bincount(cell, minlength=len(total)) == 0] = np.nan
    return total.reshape(shape)
