"""The months of a mart: which there are, what is in them, and whether a month is what it was.

A month is as it was if its content has the same digest. Where the warehouse tells what a month was made from, that
is asked first, because reading a bill of many columns costs more than publishing its open month.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import duckdb

from finops_pipeline.publish.engine import SETTINGS, WRITER
from finops_pipeline.publish.tables import MartTable

WHOLE_UP_TO_ROWS = 20_000
"""A mart of so many rows is written in one piece; a longer one by month. The rows decide and nothing else, so that
the bytes are the same however a run got there."""

SLICED_ABOVE_ROWS = 400_000
"""Rows of a hundred columns that are still sorted in memory. A longer month is written in slices of whole days."""

NO_MONTH = ""
"""The name of what has no month; its rows stand last."""


@dataclass(frozen=True)
class Month:
    """One month of a mart, its rows, and what they were made from if that is known."""

    name: str
    rows: int
    made_from: str | None = None


class MonthlyMart:
    """A mart in the warehouse, looked at by month."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, mart: MartTable) -> None:
        self.mart = mart
        self.month = str(mart.month)
        self.connection = connection
        columns = connection.execute(f"describe select * from {mart.relation}").fetchall()
        self._types = {name: kind for name, kind, *_ in columns}
        self.by_date = self._types[self.month] != "VARCHAR"

    def months(self) -> list[Month]:
        """Its months in their order, counted."""
        rows = self.connection.execute(f"select {self._name}, count(*) from {self.mart.relation} group by 1").fetchall()
        return [Month(name, count) for name, count in sorted(rows, key=lambda row: (row[0] == NO_MONTH, row[0]))]

    def digests(self, months: Collection[str]) -> dict[str, str]:
        """A digest of what each of these months holds, whatever the order of its rows, and of how it is written."""
        rows = self.connection.execute(
            f"""
            select {self._name}, count(*), sum(cast(hash(every_column) as hugeint))
            from {self.mart.relation} as every_column
            where {" or ".join(self.where(month) for month in months)}
            group by 1
            """
        ).fetchall()
        return {name: self._digest(name, count, str(total)) for name, count, total in rows}

    def origin(self, month: Month) -> str | None:
        """A digest of what a month was made from and of how it is written; None if nobody knows."""
        return self._digest(month.name, month.rows, month.made_from) if month.made_from else None

    def _digest(self, *content: object) -> str:
        table = (self._types, self.mart.key, self.mart.slices, SLICED_ABOVE_ROWS)
        written_by = (*SETTINGS, WRITER, duckdb.__version__)
        return hashlib.sha256(json.dumps((table, written_by, content), sort_keys=True).encode()).hexdigest()[:32]

    def where(self, month: str) -> str:
        """The condition that a row is of a month, in the form that skips what the warehouse stores of others."""
        return month_condition(self.month, month, by_date=self.by_date)

    def slices(self, month: Month) -> list[str]:
        """Conditions that divide a month, in the order of its rows; one if it is short enough to be sorted at once."""
        whole = self.where(month.name)
        if month.rows <= SLICED_ABOVE_ROWS or not self.mart.slices:
            return [whole]
        coarse, fine = (f'"{column}"' for column in self.mart.slices)
        groups = self.connection.execute(
            f"select {coarse}, {fine}, count(*) from {self.mart.relation} where {whole} group by all order by all"
        ).fetchall()
        slices: list[tuple[object, list[object]]] = []
        filled = 0
        for outer, inner, count in groups:
            starts_anew = not slices or slices[-1][0] != outer or inner is None or filled + count > SLICED_ABOVE_ROWS
            if starts_anew:
                slices.append((outer, []))
                filled = 0
            slices[-1][1].append(inner)
            filled += count
        return [f"{whole} and {_is(coarse, outer)} and {_is_between(fine, inner)}" for outer, inner in slices]

    @property
    def _name(self) -> str:
        name = f"strftime(\"{self.month}\", '%Y-%m')" if self.by_date else f'"{self.month}"'
        return f"coalesce({name}, '{NO_MONTH}')"


def month_condition(column: str, month: str, *, by_date: bool) -> str:
    """The SQL condition that a row is of `month`, by a column of its name or of a day or instant in it."""
    if month == NO_MONTH:
        return f'"{column}" is null'
    if not by_date:
        return _is(f'"{column}"', month)
    first = date.fromisoformat(f"{month}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return f"(\"{column}\" >= date '{first}' and \"{column}\" < date '{after}')"


def _is(column: str, value: object) -> str:
    if value is None:
        return f"{column} is null"
    return f"{column} = " + "'" + str(value).replace("'", "''") + "'"


def _is_between(column: str, values: list[object]) -> str:
    if values[0] is None:
        return f"{column} is null"
    return f"{column} between '{values[0]}' and '{values[-1]}'"
