"""Writing `marts.duckdb`: the rows of the Parquet files once more, in one file that any tool opens.

What an earlier version holds already is taken over, and the months and tables that differ are replaced. The file of
the version that is displaced by the new one is continued itself; where that would replace more, or cannot be, a copy
of the current one is. What differs is read from the manifests, never from the rows.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from finops_pipeline.focus import DATA_TABLE, data_table_query
from finops_pipeline.publish.engine import FOCUS_TABLE, open_engine, quoted
from finops_pipeline.publish.months import month_condition
from finops_pipeline.publish.tables import PublishedMonths, PublishedTable

STORAGE_VERSION = "v1.0.0"
"""DuckDB's oldest stable file format: a file of the newest one cannot be opened by BI tools with an older engine."""

_MADE_BY = {"duckdb": duckdb.__version__, "storage_version": STORAGE_VERSION}
"""What writes the file. One that another engine wrote is not continued."""

_DATABASE = "marts.duckdb"
_MOST_REPLACED = 0.25
"""Of the Parquet files' bytes. Its blocks are left free: where more is replaced, the file is better made anew."""

_MOST_FREE = 0.33
"""Of the blocks in use; most of what a version leaves free, the next one uses again."""

_MORE_THAN_COPYING = 1.1
"""Times as many bytes replaced in the displaced file as in a copy of the current one: further back, what is saved by
not copying is spent on months that the current one has already."""

_MOST_COPIED = 1 << 30
"""Bytes that the kernel is asked to copy at once."""


class _CannotContinueError(Exception):
    """The version before is no start for this one; the text says why."""


def write_database(
    building: Path,
    tables: Mapping[str, PublishedTable],
    before: Path | None = None,
    displaced: Path | None = None,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write `marts.duckdb` with the tables of the Parquet files beside it: copies, so that no path is inside.

    The bill is there a second time as a view, for queries of FOCUS 1.0 to 1.2.

    Args:
        building: the folder of the version, with its Parquet files.
        tables: what they hold.
        before: the current version, to take unchanged rows from; it is only read. None writes all of them.
        displaced: the version that leaves for this one (`versions.py`). Its file may be used up.
        tell: hears why an earlier version is no start.
    """
    database = building / _DATABASE
    try:
        if before is not None:
            _continue(building, tables, before, displaced, tell)
            return database
    except (_CannotContinueError, duckdb.Error) as reason:
        tell(f"{_DATABASE} is written anew: {reason}")
        _clear(building)
    with open_engine(building, database, f"storage_version '{STORAGE_VERSION}'") as connection:
        for name in sorted(tables):
            _create(connection, building, name)
        _finish(connection, tables)
    return database


def facts_of_database(database: Path) -> dict[str, Any]:
    """What the manifest tells of `marts.duckdb`: what wrote it, and by which size and time it is known again."""
    return {**_MADE_BY, **_stat(database)}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as the manifest tells it of each."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _continue(
    building: Path,
    tables: Mapping[str, PublishedTable],
    before: Path,
    displaced: Path | None,
    tell: Callable[[str], None],
) -> None:
    manifest = _manifest(before)
    replaced = _bytes_replaced(building, tables, manifest)
    total = sum((building / f"{name}.parquet").stat().st_size for name in tables)
    if replaced > _MOST_REPLACED * total:
        raise _CannotContinueError(f"{replaced:,} of {total:,} bytes of the tables are new")
    if displaced is not None:
        try:
            _continue_displaced(building, tables, displaced, most_replaced=replaced * _MORE_THAN_COPYING)
            return
        except (_CannotContinueError, duckdb.Error) as reason:
            tell(f"{_DATABASE} is a copy of the current one: {reason}")
            _clear(building)
    _copy(before / _DATABASE, building / _DATABASE, manifest)
    _replace_what_differs(building, tables, manifest)


def _continue_displaced(
    building: Path, tables: Mapping[str, PublishedTable], displaced: Path, *, most_replaced: float
) -> None:
    """Nothing is copied: after years the file is gigabytes, all but a month of them as they have to be."""
    manifest = _manifest(displaced)
    if _bytes_replaced(building, tables, manifest) > most_replaced:
        raise _CannotContinueError("the displaced one lacks what the current one has")
    source = displaced / _DATABASE
    try:
        if not manifest["database"].items() >= _stat(source).items():
            raise _CannotContinueError("the displaced one is not what was published")
        if source.stat().st_nlink > 1:
            raise _CannotContinueError("the displaced one has a second name, and stays what it is")
        os.replace(source, building / _DATABASE)
    except OSError as error:
        raise _CannotContinueError("the displaced one cannot be moved") from error
    # A reader that has it open holds DuckDB's lock on it: the engine refuses to write, and a copy is made.
    _replace_what_differs(building, tables, manifest)


def _replace_what_differs(building: Path, tables: Mapping[str, PublishedTable], manifest: Mapping[str, Any]) -> None:
    held: dict[str, dict[str, Any]] = manifest["tables"]
    with open_engine(building, building / _DATABASE) as connection:
        _expect_few_free_blocks(connection)
        connection.execute(f"drop view if exists {DATA_TABLE}")
        for name in sorted(held.keys() - tables.keys()):
            connection.execute(f'drop table "{name}"')
        for name, table in sorted(tables.items()):
            if manifest["sha256"].get(f"{name}.parquet") == table.sha256:
                continue
            months = _months(held, name)
            if table.months is not None and months.items() & table.months.digests.items():
                _replace_months(connection, name, table.months, months)
            else:
                connection.execute(f'drop table if exists "{name}"')
                _create(connection, building, name)
            _expect_rows(connection, name, table.rows)
        _finish(connection, tables)


def _clear(building: Path) -> None:
    for leftover in building.glob(f"{_DATABASE}*"):
        leftover.unlink()


def _manifest(version: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _CannotContinueError("nothing is published that can be continued") from error
    if not manifest.get("database", {}).items() >= _MADE_BY.items():
        raise _CannotContinueError("another engine wrote the one before")
    return manifest


def _bytes_replaced(building: Path, tables: Mapping[str, PublishedTable], manifest: Mapping[str, Any]) -> int:
    """Of the Parquet files' bytes, those that the version of the manifest does not hold."""
    replaced = 0
    for name, table in tables.items():
        if manifest["sha256"].get(f"{name}.parquet") == table.sha256:
            continue
        replaced += (building / f"{name}.parquet").stat().st_size
        if table.months is not None:
            months = table.months.digests.items() & _months(manifest["tables"], name).items()
            replaced -= sum(path.stat().st_size for month, _ in months for path in table.months.files[month])
    return replaced


def _expect_few_free_blocks(connection: duckdb.DuckDBPyConnection) -> None:
    ((used, free),) = connection.execute(
        "select used_blocks, free_blocks from pragma_database_size() where database_name = current_database()"
    ).fetchall()
    if free > _MOST_FREE * used:
        raise _CannotContinueError(f"{free} of the {used + free} blocks of the one before are free")


def _months(tables: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, str]:
    """The months of a table with their digests, by a manifest; none of one that was written in one piece."""
    return tables.get(name, {}).get("months", {})


def _copy(source: Path, target: Path, manifest: Mapping[str, Any]) -> None:
    """Copy the file before, by the kernel. It is read here only where its size or time says that somebody touched it:
    after years it is gigabytes, and DuckDB checks every block that it reads."""
    try:
        if not manifest["database"].items() >= _stat(source).items() and (
            sha256_of(source) != manifest["sha256"][_DATABASE]
        ):
            raise _CannotContinueError("the one before is not what was published")
        _copy_by_the_kernel(source, target)
    except OSError as error:
        raise _CannotContinueError("the one before cannot be copied") from error


def _copy_by_the_kernel(source: Path, target: Path) -> None:
    """File systems that share blocks (XFS, Btrfs) copy nothing; elsewhere no byte passes through this process."""
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while os.copy_file_range(reading.fileno(), writing.fileno(), _MOST_COPIED):
                pass
    except (AttributeError, OSError):  # not on this system, or not between these folders
        shutil.copyfile(source, target)


def _stat(database: Path) -> dict[str, int]:
    stat = database.stat()
    return {"bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}


def _replace_months(
    connection: duckdb.DuckDBPyConnection, name: str, months: PublishedMonths, held: Mapping[str, str]
) -> None:
    """Let a table that holds some months hold others."""
    for month, _ in sorted(held.items() - months.digests.items()):
        condition = month_condition(months.column, month, by_date=months.by_date)
        connection.execute(f'delete from "{name}" where {condition}')
    for month, _ in sorted(months.digests.items() - held.items()):
        parts = ", ".join(quoted(path) for path in months.files[month])
        connection.execute(f'insert into "{name}" select * from read_parquet([{parts}])')


def _create(connection: duckdb.DuckDBPyConnection, building: Path, name: str) -> None:
    source = quoted(building / f"{name}.parquet")
    connection.execute(f'create table "{name}" as select * from read_parquet({source})')


def _expect_rows(connection: duckdb.DuckDBPyConnection, name: str, rows: int) -> None:
    ((counted,),) = connection.execute(f'select count(*) from "{name}"').fetchall()
    if counted != rows:
        raise _CannotContinueError(f"{name} has {counted:,} rows instead of {rows:,}")


def _finish(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, PublishedTable]) -> None:
    if FOCUS_TABLE in tables:
        # Unqualified, so that the view finds its table under whatever name the file is opened.
        connection.execute(f"create view {DATA_TABLE} as {data_table_query(FOCUS_TABLE)}")
    connection.execute("checkpoint")
