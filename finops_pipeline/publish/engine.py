"""The engine that publishing runs in: bounded memory, instants in UTC, what does not fit spilled beside the version."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

FOCUS_TABLE = "focus_cost_and_usage"

# A month of a bill is sorted in it; what is longer is cut into slices. Beyond it DuckDB spills into the home folder.
_MEMORY_LIMIT = "2GB"

WRITER = "format parquet, compression zstd, row_group_size 122880"
"""How every Parquet file is written: 122,880 rows are a row group of DuckDB's own tables as well."""

SETTINGS = (
    "set TimeZone = 'UTC'",
    # Or a Parquet column is required or optional by what the engine has concluded about nulls: from rows that were
    # deleted long ago, from a filter. The same rows would not give the same bytes, nor two months one schema.
    "set disabled_optimizers = 'statistics_propagation'",
)
"""What every connection is told first. It decides bytes as well."""


@contextmanager
def open_engine(
    building: Path, database: Path, *options: str, name: str = "published", threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that uses `database` as its own.

    Args:
        building: the folder of the version; what does not fit in memory is spilled beside it.
        database: the DuckDB file to work in.
        options: of `attach`, such as `read_only`.
        name: what the file is called inside; a warehouse's views know it by one name.
        threads: of the engine; None takes the machine's.
    """
    spill = building.parent / f"{building.name}.spill"
    with duckdb.connect(config={"memory_limit": _MEMORY_LIMIT, "temp_directory": str(spill)}) as connection:
        if threads:
            connection.execute(f"set threads = {threads}")
        for setting in SETTINGS:
            connection.execute(setting)
        connection.execute(f"attach {quoted(database)} as {name}" + (f" ({', '.join(options)})" if options else ""))
        connection.execute(f"use {name}")
        yield connection
        connection.execute("use memory")
        connection.execute(f"detach {name}")


def quoted(path: Path) -> str:
    """A path as a text literal of SQL."""
    return "'" + os.fspath(path).replace("'", "''") + "'"


def write_parquet(connection: duckdb.DuckDBPyConnection, path: Path, query: str, key: Sequence[str]) -> int:
    """Write a query's rows in the order of their key; returns how many."""
    order = ", ".join(f'"{column}"' for column in key)
    ((rows,),) = connection.execute(f"copy ({query} order by {order}) to {quoted(path)} ({WRITER})").fetchall()
    return rows
