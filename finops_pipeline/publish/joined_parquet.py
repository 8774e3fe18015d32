"""Parquet files of one schema joined into one without decoding them: their row groups one behind the other.

A row group's bytes do not say where they stand; only the footer does. So the groups are copied as they are, and the
footers become one with every position moved (and noted, `moved_groups.py`). What a reader skips by (statistics, Bloom
filters) moves along.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from finops_pipeline.errors import FinopsError
from finops_pipeline.publish.moved_groups import MovedGroups, Place, note_groups, noted_groups
from finops_pipeline.publish.thrift import Struct, read_struct, write_struct

_MAGIC = b"PAR1"
_CHUNK = 1 << 16  # larger ones are fresh memory from the kernel each time, and cost three times as much
_TAIL = 8  # the footer's length in four bytes, and the magic again

# Numbers of the fields in parquet.thrift
_SCHEMA, _NUM_ROWS, _ROW_GROUPS, _ENCRYPTION = 2, 3, 4, 8
_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _ORDINAL = 1, 3, 5, 7
_CHUNK_OFFSET, _CHUNK_META, _OFFSET_INDEX, _COLUMN_INDEX, _CRYPTO = 2, 3, 4, 6, (8, 9)
_DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _BLOOM_FILTER = 9, 10, 11, 14


class DamagedPartError(Exception):
    """A file that is not what was written: shorter, changed, or gone."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged or gone.")
        self.path = path


@dataclass(frozen=True)
class Part:
    """A Parquet file to join, and the CRC-32 of its bytes; None where nobody knows it."""

    path: Path
    crc32: int | None = None


@dataclass(frozen=True)
class Joined:
    """What a joined file holds: its rows and the SHA-256 of its bytes."""

    rows: int
    sha256: str


def join_parquet(parts: Sequence[Part], target: Path) -> Joined:
    """Write `target` with the row groups of all parts in their order.

    The same parts give the same bytes. Each part is read once.

    Raises:
        DamagedPartError: a part is not what was written.
        FinopsError: the parts have different columns, or something that cannot be moved.
    """
    merged: Struct = {}
    columns, rows = "", 0
    groups: list[bytes] = []
    hasher = hashlib.sha256(_MAGIC)
    with target.open("wb") as out:
        out.write(_MAGIC)
        for part in parts:
            place = Place(out.tell() - len(_MAGIC), len(groups))
            footer = _copy_groups(part, out, hasher)
            moved = noted_groups(part.path, part.crc32, place) or _moved_groups(part, footer, place)
            if not merged:
                merged, columns = _read_footer(part, footer), moved.columns
            elif moved.columns != columns:
                raise FinopsError(
                    f"{part.path} and {parts[0].path} have different columns and cannot be one file."
                    " Run `finops run --rebuild`, which writes all months anew."
                )
            groups += moved.encoded
            rows += moved.rows
        merged[_NUM_ROWS] = (merged[_NUM_ROWS][0], rows)
        merged[_ROW_GROUPS] = (merged[_ROW_GROUPS][0], (merged[_ROW_GROUPS][1][0], groups))
        footer_bytes = write_struct(merged)
        tail = footer_bytes + len(footer_bytes).to_bytes(4, "little") + _MAGIC
        out.write(tail)
        hasher.update(tail)
    return Joined(rows, hasher.hexdigest())


def file_crc32(path: Path) -> int:
    """CRC-32 of a file's bytes."""
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc


def _copy_groups(part: Part, out: IO[bytes], hasher: "hashlib._Hash") -> bytes:
    """Copy what stands between a part's magic and its footer; returns the footer."""
    try:
        with part.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - _TAIL, 0))
            tail = file.read()
            footer_at = size - _TAIL - int.from_bytes(tail[:4], "little")
            if tail[4:] != _MAGIC or footer_at < len(_MAGIC):
                raise DamagedPartError(part.path)
            file.seek(0)
            crc = zlib.crc32(file.read(len(_MAGIC)))
            left = footer_at - len(_MAGIC)
            while left:
                chunk = file.read(min(_CHUNK, left))
                out.write(chunk)
                hasher.update(chunk)
                crc = zlib.crc32(chunk, crc)
                left -= len(chunk)
            rest = file.read()
    except OSError as error:
        raise DamagedPartError(part.path) from error
    if part.crc32 is not None and zlib.crc32(rest, crc) != part.crc32:
        raise DamagedPartError(part.path)
    return rest


def _read_footer(part: Part, footer: bytes) -> Struct:
    try:
        return read_struct(footer)
    except ValueError as error:
        raise DamagedPartError(part.path) from error


def _moved_groups(part: Part, footer: bytes, place: Place) -> MovedGroups:
    """The groups by the part's own footer, moved to their place and noted for the next time."""
    told = _read_footer(part, footer)
    groups: list[Struct] = told[_ROW_GROUPS][1][1]
    for number, group in enumerate(groups, start=place.groups_before):
        _move(group, place.moved_by, part.path)
        if _ORDINAL in group:
            group[_ORDINAL] = (group[_ORDINAL][0], number)
    besides = {number: field for number, field in told.items() if number not in (_NUM_ROWS, _ROW_GROUPS)}
    moved = MovedGroups(
        rows=sum(group[_GROUP_ROWS][1] for group in groups),
        columns=hashlib.sha256(write_struct(besides)).hexdigest(),
        encoded=[write_struct(group) for group in groups],
    )
    note_groups(part.path, part.crc32, place, moved)
    return moved


def _move(group: Struct, by: int, path: Path) -> None:
    _shift(group, by, _GROUP_OFFSET)
    for chunk in group[_COLUMNS][1][1]:
        if _OFFSET_INDEX in chunk or any(field in chunk for field in _CRYPTO):
            raise FinopsError(f"{path} has a page index or is encrypted; such files cannot be joined.")
        _shift(chunk, by, _CHUNK_OFFSET, _COLUMN_INDEX)
        _shift(chunk[_CHUNK_META][1], by, _DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _BLOOM_FILTER)


def _shift(fields: Struct, by: int, *numbers: int) -> None:
    for number in numbers:
        # A position of 0 says that there is none: the magic stands there.
        if number in fields and fields[number][1]:
            kind, position = fields[number]
            fields[number] = (kind, position + by)
