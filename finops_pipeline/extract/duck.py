"""A DuckDB connection for extraction: bounded, in UTC, and able to reach nothing but the export and the landing zone.

It holds no data of its own; landed files are Parquet. The working warehouse is never opened here.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

MEMORY_LIMIT = "700MB"
"""Enough for a part of any size: DuckDB streams CSV and Parquet, one row group per thread is held, and the rest spills.
With Python beside it the process stays below 1 GiB."""


@contextmanager
def connect(landing: Path, readable: Iterable[Path]) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """An in-memory connection that may read the given folders and write below the landing zone, and a scratch folder.

    The scratch folder is in the landing zone, takes what does not fit in memory, and is gone afterwards.
    """
    with _scratch_folder(landing) as scratch:
        connection = duckdb.connect(
            config={
                "memory_limit": MEMORY_LIMIT,
                "threads": min(4, os.cpu_count() or 1),
                "temp_directory": str(scratch / "spill"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        try:
            # Access is checked on the path as given, and paths with the characters of a glob are given escaped.
            folders = ", ".join(text(folder) for folder in (landing, *readable) for text in (_plain, file_literal))
            connection.execute("set TimeZone = 'UTC'")
            # Its progress bar would be drawn into the run's log.
            connection.execute("set enable_progress_bar = false")
            # The order matters: the folders first, then no other access, then no way back.
            connection.execute(f"set allowed_directories = [{folders}]")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            yield connection, scratch
        finally:
            connection.close()


@contextmanager
def _scratch_folder(landing: Path) -> Iterator[Path]:
    """A folder of this process below the landing zone; what processes that were killed left is removed first."""
    landing.mkdir(parents=True, exist_ok=True)
    for left in landing.glob(".scratch-*"):
        if not _is_running(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=f".scratch-{os.getpid()}-", dir=landing, ignore_cleanup_errors=True) as scratch:
        yield Path(scratch)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    """All rows of a query."""
    return connection.execute(sql).fetchall()


def literal(text: str) -> str:
    """A SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A SQL identifier; names from outside are never used unquoted."""
    return '"' + name.replace('"', '""') + '"'


def _plain(path: Path) -> str:
    return literal(str(path))


def file_literal(path: Path) -> str:
    """A SQL literal for exactly this file: characters that DuckDB would take for a glob are escaped."""
    return literal("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path)))


def reason(error: duckdb.Error) -> str:
    """What DuckDB says, without the line of data it quotes and without its advice to programmers."""
    if "state machine reached an invalid state" in str(error):
        return "its lines end in several ways (\\r\\n and \\n, or a lone \\r); write it with one kind of line end"
    lines = str(error).splitlines()
    told = [
        line
        for line in lines[:4]
        if line.strip() and not line.startswith(("Original Line", "Possible", "*", "LINE ", " ", "candidates"))
    ]
    return "; ".join(told)[:400].rstrip(".")
