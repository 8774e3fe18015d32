"""What every transport can do. Readers are written against this alone."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

MAX_MANIFEST_BYTES = 64 * 1024 * 1024
"""A manifest of 100,000 parts is far smaller; what is larger is no manifest and is not read into memory."""


@dataclass(frozen=True)
class Stat:
    """An object as the store describes it without reading it: bytes and a token that changes with the content."""

    size: int
    etag: str
    modified: datetime | None = field(default=None, compare=False)
    """When a store took the object, which no copy can pretend; a disk's times are whatever copied the files."""


class Transport(Protocol):
    """Read access to one export. Keys are relative to the export's own folder, with `/` between segments."""

    opened: list[str]
    """The data files opened so far, for the promise that a run with nothing new opens none."""

    @property
    def location(self) -> str:
        """The export's own folder as a person finds it: a path, or s3://… or az://…"""
        ...

    @property
    def folder_name(self) -> str:
        """The last segment of the export's own folder: the export's name in most layouts."""
        ...

    @property
    def readable(self) -> Sequence[Path]:
        """The local folders data files are read from: DuckDB is allowed these and no others."""
        ...

    def require_reachable(self) -> None:
        """Raise DeliveryError when the export's folder cannot be reached, saying what is missing."""
        ...

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[str]:
        """Keys of the files in a folder (`prefix` without a slash at its end), sorted; none where it does not exist."""
        ...

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Keys of the folders directly in a folder, sorted, without a slash at their ends."""
        ...

    def stat(self, key: str) -> Stat | None:
        """Size and etag as they are now, or None when there is no such file."""
        ...

    def read_bytes(self, key: str) -> bytes:
        """The content of a small file: a manifest. Raises DeliveryError above `MAX_MANIFEST_BYTES`."""
        ...

    def fetching(
        self, keys: Sequence[str], report: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Inside the block the files will be opened in this order; a store downloads ahead, and tidies up after."""
        ...

    def open_data(self, key: str) -> Path:
        """A local path of a data file, whole; counted in `opened`."""
        ...

    def landed_etag(self, key: str, stat: Stat) -> str:
        """The token to keep with a landed file, from which `revisit` can tell later whether the file changed."""
        ...

    def revisit(self, key: str, size: int, landed_etag: str) -> str | None:
        """The token to keep now when the file still holds what was landed; None when it is gone or changed."""
        ...

    def resolve(self, name: str) -> str:
        """The key of a file as a manifest names it; raises DeliveryError for names outside the export's folder."""
        ...


def content_etag(content: bytes) -> str:
    """The etag of a manifest: its content, so that a copied export keeps its identity."""
    return hashlib.sha256(content).hexdigest()
