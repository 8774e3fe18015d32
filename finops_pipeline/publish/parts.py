"""The months of large marts as they were last written: private Parquet files that the published ones are joined from.

A folder per mart with the files, beside each a note of where its rows stood last (`moved_groups.py`), and an index. A
file stands under its name only when it is complete; the index names what belongs together and is replaced in one step,
so a run that dies leaves the one before or the one after. A file that is not what was written (its CRC-32 differs) is
written anew.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from finops_pipeline.publish.joined_parquet import Part, file_crc32
from finops_pipeline.publish.moved_groups import NOTE

_INDEX = "months.json"
_HALF_WRITTEN = ".writing-"


@dataclass(frozen=True)
class WrittenMonth:
    """A month on disk: digests of what is in it and (if known) of what it was made from, and its files in order."""

    name: str
    rows: int
    digest: str
    origin: str | None
    files: tuple[tuple[str, int], ...]
    """Name and CRC-32 of each file."""

    def made_of(self, origin: str | None) -> "WrittenMonth":
        """The same month, known to come of another origin as well."""
        return replace(self, origin=origin)


class KeptMonths:
    """The months of one mart that earlier runs have written."""

    def __init__(self, folder: Path, *, ignored: bool = False) -> None:
        self._folder = folder
        self._months = {} if ignored else _read_index(folder / _INDEX)

    def get(self, month: str) -> WrittenMonth | None:
        """A month as it was last written, if its files are there."""
        written = self._months.get(month)
        if written is None or not all((self._folder / name).is_file() for name, _ in written.files):
            return None
        return written

    def parts(self, written: WrittenMonth) -> list[Part]:
        """The files of a month, in order."""
        return [Part(self._folder / name, crc) for name, crc in written.files]

    def write(
        self, month: str, digest: str, origin: str | None, slices: Collection[Callable[[Path], int]]
    ) -> WrittenMonth:
        """Have a month written, a file for each of its slices.

        Args:
            month: its name.
            digest: of what is in it.
            origin: a digest of what it was made from, if that is known.
            slices: each writes its rows to a path and returns how many.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        label = re.sub(r"[^0-9A-Za-z-]", "_", month or "none")
        rows, files = 0, []
        for number, write in enumerate(slices):
            path = self._folder / f"{label}-{digest}-{number}.parquet"
            half = self._folder / f"{_HALF_WRITTEN}{path.name}"
            rows += write(half)
            files.append((path.name, file_crc32(half)))
            os.replace(half, path)
        return WrittenMonth(month, rows, digest, origin, tuple(files))

    def keep_only(self, months: Collection[WrittenMonth]) -> None:
        """Note these months as the mart's, and remove every other file."""
        if not months and not self._folder.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        index = self._folder / _INDEX
        half = index.with_name(_HALF_WRITTEN + _INDEX)
        half.write_text(json.dumps([asdict(month) for month in months], indent=1) + "\n", encoding="utf-8")
        os.replace(half, index)
        used = {_INDEX, *(name for month in months for name, _ in month.files)}
        for path in self._folder.iterdir():
            of_part = path.with_suffix(".parquet").name if path.suffix == NOTE else path.name
            if of_part not in used:
                path.unlink()


def _read_index(path: Path) -> Mapping[str, WrittenMonth]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        months = [WrittenMonth(**{**entry, "files": tuple(map(tuple, entry["files"]))}) for entry in entries]
    except (OSError, ValueError, TypeError, KeyError):
        return {}  # nothing that can be used: the months are written anew
    return {month.name: month for month in months}
