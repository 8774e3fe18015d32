"""One delivered file as a SQL relation: every delivered column, and the number of each row.

CSV is read as text, Parquet in its native types, JSON lines with every number as the text it was written in. What the
columns mean, and where the rows go, is not known here.
"""

import codecs
import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa

from finops_pipeline.errors import DeliveryError, disk_full
from finops_pipeline.extract.compressed import require_bounded_gzip, require_bounded_parquet, require_columns
from finops_pipeline.extract.declared import TECHNICAL_NAMES, json_shape
from finops_pipeline.extract.duck import file_literal, literal, quoted, reason, rows

_MAX_LINE_BYTES = 16 * 1024 * 1024
"""One line of JSON or CSV: hundreds of tags fit many times over."""

_CSV_BUFFER_BYTES = 2 * _MAX_LINE_BYTES
"""DuckDB would take sixteen lines: measured, twice the CPU and a third more memory than with two."""

_QUOTE_NUMBERS = (
    r"""regexp_replace(cast(json as varchar), '("[A-Za-z_][A-Za-z0-9_]*"\s*:\s*)(-?[0-9][0-9.eE+-]*)', '\1"\2"', 'g')"""
)
"""Numbers of JSON objects become strings before anything parses them: a parser would make them DOUBLE, and digits would
be lost. Inside a string the quotes are escaped, so an unescaped `"key":` is always a key."""


# Instants are landed in UTC without zone, to the microsecond: one type over files, whatever unit their writer took, and
# no reader's session zone matters. Texts that old writers do not mark as such are texts where they are UTF-8.
_PLAIN_TYPES = {
    "TIMESTAMP WITH TIME ZONE": ("TIMESTAMP", "{0} at time zone 'UTC'"),
    "TIMESTAMPTZ_NS": ("TIMESTAMP", "cast({0} as timestamptz) at time zone 'UTC'"),
    **{f"TIMESTAMP_{unit}": ("TIMESTAMP", "cast({0} as timestamp)") for unit in ("S", "MS", "NS")},
    "BLOB": ("VARCHAR", "coalesce(try(decode({0})), cast({0} as varchar))"),
}
"""Types of Parquet columns that are landed in another one: that type, and the SQL that makes it."""


@dataclass(frozen=True)
class Relation:
    """`sql` yields `columns` (delivered names to types, as landed) and `x_row`, in the order of the file."""

    sql: str
    columns: dict[str, str]

    def find(self, *names: str) -> str | None:
        """The delivered column with one of these names, whatever its case."""
        by_lower = {name.lower(): name for name in self.columns}
        return next((by_lower[name.lower()] for name in names if name.lower() in by_lower), None)


def relation(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, formats: Sequence["Format"] | None = None
) -> Relation:
    """The rows of a CSV(.gz), Parquet or (for nested tables) JSON lines(.gz) file, told by its name's ending.

    Args:
        connection: may read the folder of `path`.
        path: where the bytes are.
        name: the file's own name, for its ending.
        formats: what is read here; CSV and Parquet when not given.

    Raises:
        DeliveryError: an ending that is not read, a file that is cut short, malformed or expands without end, or a
            delivered column with the name of a technical one. The message says what; the caller adds which delivery.
    """
    formats = FORMATS if formats is None else formats
    for endings, reader in formats:
        if name.lower().endswith(endings):
            with told_as_delivery_errors():
                if path.name.lower().endswith(".gz"):
                    require_bounded_gzip(path)
                found = reader(connection, path)
            require_columns(len(found.columns))
            taken = sorted(
                column for column in found.columns if column.lower() in TECHNICAL_NAMES | {"file_row_number"}
            )
            if taken:
                raise DeliveryError(
                    f"has a column {taken[0]!r}, a name the landing zone keeps for itself; leave it out of the export"
                )
            return found
    known = ", ".join(ending for endings, _ in formats for ending in endings)
    raise DeliveryError(f"has an ending that is not read yet by this version; supported: {known}")


@contextmanager
def told_as_delivery_errors() -> Iterator[None]:
    """Whatever a damaged file makes the readers raise, as a DeliveryError that says what; a full disk as its own."""
    try:
        yield
    except duckdb.Error as error:
        raise disk_full(error) or DeliveryError(f"cannot be read: {reason(error)}") from error
    except (EOFError, OSError, UnicodeDecodeError, csv.Error, zlib.error, pa.ArrowException) as error:
        told = " ".join(str(error).split())[:400].rstrip(".")
        raise disk_full(error) or DeliveryError(f"cannot be read: {told}") from error


def _csv(connection: duckdb.DuckDBPyConnection, path: Path) -> Relation:
    del connection
    names = _csv_header(path)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    # Explicit dialect and columns: nothing is sniffed, so no file's content changes how it is read. A second byte order
    # mark, which Azure writes into the first data cell, is taken off.
    first = f"ltrim({quoted(names[0])}, chr(65279)) as {quoted(names[0])}"
    sql = f"""
        select * replace ({first}), row_number() over () as x_row
        from read_csv({file_literal(path)}, columns = {{{columns}}}, auto_detect = false, header = true, delim = ',',
            quote = '"', escape = '"', hive_partitioning = false, max_line_size = {_MAX_LINE_BYTES},
            buffer_size = {_CSV_BUFFER_BYTES})"""
    return Relation(sql, dict.fromkeys(names, "VARCHAR"))


def _csv_header(path: Path) -> list[str]:
    """Column names as delivered; a name that comes again in any case gets a number, an empty one its position."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise DeliveryError("is written in UTF-16; expected UTF-8. Save it as 'CSV UTF-8', with commas")
    # Text that is no UTF-8 is left to DuckDB, which tells the line.
    with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(_lines(file)), [])
    if not header:
        raise DeliveryError("is empty, without even a header")
    if len(header) == 1 and (other := re.search("[;\t|]", header[0])):
        raise DeliveryError(f"has its columns separated by {other[0]!r}; expected commas, and a point in numbers")
    names: dict[str, str] = {}
    for position, text in enumerate(header, start=1):
        name = text.strip("\ufeff ") or f"column_{position}"
        unique, number = name, 1
        while unique.lower() in names:
            number += 1
            unique = f"{name}_{number}"
        names[unique.lower()] = unique
    return list(names.values())


def _lines(file: IO[str]) -> Iterator[str]:
    """Lines of at most `_MAX_LINE_BYTES`: a file without a line end must not be read into memory."""
    while line := file.readline(_MAX_LINE_BYTES):
        if len(line) == _MAX_LINE_BYTES:
            raise DeliveryError(f"has a line of more than {_MAX_LINE_BYTES:,} bytes; no bill does")
        yield line


def _parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Relation:
    require_bounded_parquet(path)
    source = f"read_parquet({file_literal(path)}, hive_partitioning = false)"
    columns, select = {}, []
    for name, type_, *_ in rows(connection, f"describe select * from {source}"):
        columns[name] = _PLAIN_TYPES.get(type_, (type_, ""))[0]
        column = quoted(name)
        select.append(_PLAIN_TYPES[type_][1].format(column) + f" as {column}" if type_ in _PLAIN_TYPES else column)
    return Relation(f"select {', '.join(select)}, file_row_number + 1 as x_row from {source}", columns)


def _json_lines(connection: duckdb.DuckDBPyConnection, path: Path, table: str) -> Relation:
    lines = (
        f"read_ndjson_objects({file_literal(path)}, hive_partitioning = false, maximum_object_size = {_MAX_LINE_BYTES})"
    )
    # Few distinct structures stand for all lines; merging them inside DuckDB would hold every line in memory.
    shape = json_shape(table)
    for (structure,) in rows(connection, f"select distinct cast(json_structure(json) as varchar) from {lines}"):
        found = json.loads(structure)
        if not isinstance(found, dict):
            raise DeliveryError("has lines that are no JSON object")
        shape = _merged(shape, found)
    instants = {name for name, inner in shape.items() if inner == "TIMESTAMP"}
    as_text = {name: "VARCHAR" if name in instants else inner for name, inner in shape.items()}
    select = ", ".join(
        f"cast(line.{quoted(name)} as timestamptz) at time zone 'UTC' as {quoted(name)}"
        if name in instants
        else f"line.{quoted(name)} as {quoted(name)}"
        for name in shape
    )
    sql = f"""
        select {select}, x_row from (
            select row_number() over () as x_row,
                json_transform(cast({_QUOTE_NUMBERS} as json), {literal(json.dumps(as_text))}) as line
            from {lines}
        )"""
    types = {name: type_ for name, type_, *_ in rows(connection, f"describe {sql}") if name != "x_row"}
    return Relation(sql, types)


def _merged(declared: Any, found: Any, place: str = "") -> Any:
    """The declared shape with the found fields it does not know, whose scalars are text."""
    if found in ("NULL", None):
        return declared
    if isinstance(declared, dict) and isinstance(found, dict):
        known = {name: _merged(inner, found.get(name), f"{place}.{name}") for name, inner in declared.items()}
        return known | {name: _as_text(inner) for name, inner in found.items() if name not in declared}
    if isinstance(declared, list) and isinstance(found, list):
        return [_merged(declared[0], found[0], place)]
    if isinstance(declared, dict | list):
        kind = "a list" if isinstance(declared, list) else "an object"
        raise DeliveryError(f"has something else than {kind} in {place.removeprefix('.')}")
    return declared


def _as_text(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _as_text(inner) for name, inner in found.items()} or "VARCHAR"
    return [_as_text(found[0])] if isinstance(found, list) else "VARCHAR"


Format = tuple[tuple[str, ...], Callable[[duckdb.DuckDBPyConnection, Path], Relation]]
PARQUET: Format = ((".parquet",), _parquet)
CSV: Format = ((".csv", ".csv.gz"), _csv)
JSON_LINES_ENDINGS = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz")
FORMATS = (PARQUET, CSV)


def json_lines(table: str) -> Format:
    """JSON lines of a nested table, whose declared shape says how deep its records are."""
    return JSON_LINES_ENDINGS, partial(_json_lines, table=table)
