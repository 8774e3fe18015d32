"""Small helpers of the sample's writers: stable ids, month arithmetic, reproducible gzip. No facts, no SQL plans."""

import gzip
import hashlib
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb


def guid(key: str) -> str:
    """An id in GUID form that is always the same for the same key."""
    digest = hashlib.md5(f"guid|{key}".encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def first_day(month: str) -> date:
    """The first day of a month given as YYYY-MM."""
    return date.fromisoformat(f"{month}-01")


def first_day_after(month: str) -> date:
    """The first day of the month after `month`."""
    return (first_day(month) + timedelta(days=31)).replace(day=1)


def day_after_month(month: str, day: int) -> date:
    """The given day of the month after `month`: when its bill is delivered."""
    return first_day_after(month).replace(day=day)


def gzip_file(source: Path, target: Path, prefix: bytes = b"") -> int:
    """Compress `prefix` and the file `source` into `target`, remove `source`, and return the compressed size.

    No time stamp is kept: the same content gives the same bytes.
    """
    with (
        source.open("rb") as plain,
        target.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed,
    ):
        packed.write(prefix)
        shutil.copyfileobj(plain, packed, 1 << 20)
    source.unlink()
    return target.stat().st_size


def quoted(path: Path) -> str:
    """A path as a SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The number of rows of a table, view or parenthesised query."""
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return 0 if row is None else int(row[0])
