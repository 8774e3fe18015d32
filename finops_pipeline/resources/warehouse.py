"""The working DuckDB file, for reading. Only dbt writes it, and it must be closed while dbt does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from finops_pipeline.errors import FinopsError


@contextmanager
def open_warehouse(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse read-only for the length of the block.

    Raises:
        FinopsError: no run has built it yet, or another program has it open for writing.
    """
    if not path.exists():
        raise FinopsError(f"{path} does not exist: no run has built the warehouse yet. Run `finops run`.")
    try:
        connection = duckdb.connect(path, read_only=True)
    except duckdb.IOException as error:
        raise FinopsError(
            f"{path} cannot be opened for reading: {str(error).splitlines()[0]} "
            "Close the program that has it open (only the pipeline should), then run again."
        ) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()
