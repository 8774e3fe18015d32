"""What each dump file of a folder held when it was read, so that a file that is still the same is not read again.

A folder of dumps grows by a file a day or a month, and all of them are together the table. The note stands beside the
landed months (`_dump_files.json`); without it every file is read again, and nothing else is different.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from finops_pipeline.extract.transport.protocol import Stat


@dataclass(frozen=True)
class MonthInFile:
    """The rows that one file holds of one invoice month; `content` is their order-free checksum."""

    period: str
    newest_export: datetime | None
    rows: int
    content: int


class DumpFiles:
    """The note of one source's folder.

    Checksums are DuckDB's: of another version, or of another folder, they say nothing, and the note is empty.
    """

    def __init__(self, landing: Path, table: str, source: str, location: str):
        self.path = landing / table / source / "_dump_files.json"
        self._made_with = {"location": location, "duckdb": duckdb.__version__}
        self._files = self._read()

    def months_of(self, key: str, stat: Stat) -> list[MonthInFile] | None:
        """The months of a file that was read with this size and etag; None: it has to be read."""
        noted = self._files.get(key)
        if noted is None or (noted["size"], noted["etag"]) != (stat.size, stat.etag):
            return None
        return [
            MonthInFile(period, datetime.fromisoformat(newest) if newest else None, rows, int(content, 16))
            for period, newest, rows, content in noted["months"]
        ]

    def write(self, stats: Mapping[str, Stat], held: Mapping[str, Sequence[MonthInFile]]) -> None:
        """Note what the files of the folder hold, as they stood when they were listed."""
        files = {
            key: {
                "size": stats[key].size,
                "etag": stats[key].etag,
                "months": [
                    (month.period, _text(month.newest_export), month.rows, f"{month.content:x}") for month in months
                ],
            }
            for key, months in held.items()
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_name(f".{self.path.name}")
        written.write_text(json.dumps(self._made_with | {"files": files}, indent=1), encoding="utf-8")
        os.replace(written, self.path)

    def _read(self) -> dict:
        try:
            noted = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return noted["files"] if {name: noted.get(name) for name in self._made_with} == self._made_with else {}


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
