"""Compressed data files from outside: zip reports made readable, and nothing that expands without end.

A few hundred kilobytes can hold a thousand times as much. Every compressed file is measured by streaming through it
before anything is made of it; a billing export shrinks to a tenth or a fortieth, never to a thousandth.
"""

import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from finops_pipeline.errors import DeliveryError

MAX_RATIO = 200
"""Decompressed to compressed bytes. Billing CSV is between 8:1 and 60:1."""

FREE_BYTES = 256 * 1024 * 1024
"""Up to here any ratio is harmless: a small file of equal lines is no attack."""

MAX_BYTES = 1024**4
"""One data file, decompressed: 1 TiB. A member of 5 GB compressed is about a tenth of it."""

MAX_COLUMNS = 4_000
MAX_ROWS_PER_BYTE = 100
"""Rows of a Parquet file to its bytes, above ten million rows: run lengths can say a billion rows in a kilobyte."""

_FREE_ROWS = 10_000_000
_PIECE = 1024 * 1024
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_NEXT_STEP = "Look at the file by hand; if it is what the provider wrote, ask for a smaller split of the export"


def require_bounded_gzip(path: Path) -> None:
    """Stream through a gzip file, all of its members, and count what comes out; memory stays at a few buffers.

    Raises:
        DeliveryError: it expands beyond the caps, is no gzip, is cut short, or its checksum is wrong.
    """
    size, have = path.stat().st_size, 0
    try:
        # Arrow's zlib takes a quarter of the time that Python's does.
        with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, "gzip") as stream:
            while piece := stream.read(_PIECE):
                have += len(piece)
                if have > MAX_BYTES or (have > FREE_BYTES and have > size * MAX_RATIO):
                    _refuse(f"expands to more than {have:,} bytes from {size:,}")
    except OSError as error:
        raise DeliveryError(f"cannot be read: the GZIP stream is damaged or cut short ({error})") from error


def says_it_unpacks_to(path: Path, size: int) -> bool:
    """Whether the end of a gzip file tells this size, which it counts modulo 4 GiB; reading checks that it is so."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 4, 0))
        return file.read(4) == struct.pack("<I", size & 0xFFFFFFFF)


def require_bounded_parquet(path: Path) -> None:
    """Hold what the footer says against the caps; nothing is decompressed.

    Raises:
        DeliveryError: more columns, rows for its size, or bytes than a bill has.
    """
    size, footer = path.stat().st_size, pq.read_metadata(path)
    require_columns(footer.num_columns)
    if footer.num_rows > _FREE_ROWS and footer.num_rows > size * MAX_ROWS_PER_BYTE:
        _refuse(f"says {footer.num_rows:,} rows in {size:,} bytes")
    expanded = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
    if expanded > MAX_BYTES or (expanded > FREE_BYTES and expanded > size * MAX_RATIO):
        _refuse(f"expands to {expanded:,} bytes from {size:,}")


def require_columns(count: int) -> None:
    """Raise DeliveryError for more columns than any export has."""
    if count > MAX_COLUMNS:
        _refuse(f"has {count:,} columns; expected at most {MAX_COLUMNS:,}")


def zip_as_gzip(path: Path, target: Path) -> Path:
    """The one CSV member of a zip as a gzip file at `target`, without decompressing it.

    Both formats hold the same deflate stream between different headers, so a report of any size costs its compressed
    bytes once more on disk, and the checksum of the zip goes on to be checked by whoever reads the gzip.

    Raises:
        DeliveryError: it holds no CSV or several, is encrypted, or is compressed another way.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as source, target.open("wb") as out:
            member = _the_csv(archive)
            source.seek(member.header_offset + 26)
            name_length, extra_length = struct.unpack("<HH", source.read(4))
            source.seek(name_length + extra_length, 1)
            out.write(_GZIP_HEADER)
            _copy(source, out, member.compress_size)
            out.write(struct.pack("<II", member.CRC, member.file_size & 0xFFFFFFFF))
    except (zipfile.BadZipFile, struct.error, NotImplementedError) as error:
        raise DeliveryError(f"cannot be read: {error}") from error
    return target


def _the_csv(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1 or not members[0].filename.lower().endswith(".csv"):
        found = ", ".join(repr(member.filename) for member in members[:3]) or "nothing"
        raise DeliveryError(f"is a zip of {len(members):,} files ({found}); expected one CSV file in it")
    [member] = members
    if member.flag_bits & 1 or member.compress_type != zipfile.ZIP_DEFLATED:
        raise DeliveryError("is a zip that is encrypted or not deflated; expected what AWS writes")
    return member


def _copy(source: BinaryIO, out: BinaryIO, size: int) -> None:
    while size:
        piece = source.read(min(size, _PIECE))
        if not piece:
            raise DeliveryError("cannot be read: the zip is cut short")
        out.write(piece)
        size -= len(piece)


def _refuse(what: str) -> None:
    raise DeliveryError(f"{what}: no bill does. {_NEXT_STEP}")
