"""The row groups of a part as the footer of a joined file tells them, noted beside the part.

Where a part stands in the joined file follows from the parts before it. Months that are as they were stand where they
stood, so their groups need not be taken from the footer, moved and written again: with a hundred columns a month that
costs more than copying it.
"""

import json
import zlib
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

NOTE = ".groups"
"""The ending of a note's name, instead of the part's own."""


@dataclass(frozen=True)
class Place:
    """Where a part stands in a joined file."""

    moved_by: int
    """Bytes before its first group, beyond those that stand before it in a file of its own."""
    groups_before: int


@dataclass(frozen=True)
class MovedGroups:
    """The groups of a part at a place."""

    rows: int
    columns: str
    """A digest of all that the part's footer tells besides its rows: parts of one file have the same."""
    encoded: list[bytes]
    """The struct of each group."""


def noted_groups(part: Path, crc32: int | None, place: Place) -> MovedGroups | None:
    """The groups as they were noted for this part, of these bytes, at this place; None where they were not."""
    if crc32 is None:
        return None
    try:
        head, _, encoded = part.with_suffix(NOTE).read_bytes().partition(b"\n")
        told = json.loads(head)
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or not told.items() >= _facts(crc32, place, encoded).items():
        return None
    spans = pairwise([0, *told["ends"]])
    return MovedGroups(told["rows"], told["columns"], [encoded[start:end] for start, end in spans])


def note_groups(part: Path, crc32: int | None, place: Place, groups: MovedGroups) -> None:
    """Note the groups of a part whose bytes are known by their CRC-32; of another one nothing can be noted."""
    if crc32 is None:
        return
    encoded = b"".join(groups.encoded)
    ends = list(accumulate(map(len, groups.encoded)))
    told = {**_facts(crc32, place, encoded), "rows": groups.rows, "columns": groups.columns, "ends": ends}
    part.with_suffix(NOTE).write_bytes(json.dumps(told).encode() + b"\n" + encoded)


def _facts(crc32: int, place: Place, encoded: bytes) -> dict[str, Any]:
    """What must be as it was; the last one tells that the note itself is whole."""
    return {
        "part": crc32,
        "moved_by": place.moved_by,
        "groups_before": place.groups_before,
        "note": zlib.crc32(encoded),
    }
