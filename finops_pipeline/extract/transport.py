"""How bytes of an export are reached: the transport protocol and its `file://` form.

Readers know keys relative to the export's own folder and nothing of buckets or disks. Which keys make up a delivery
is the readers' business; manifests are input from outside, so `resolve_named_key` decides what they may name.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from finops_pipeline.errors import DeliveryError


@dataclass(frozen=True)
class Stat:
    """An object as the store describes it without reading it: bytes and a token that changes with the content."""

    size: int
    etag: str


class Transport(Protocol):
    """Read access to one export. Keys are relative to the export's own folder, with `/` between segments."""

    opened: list[str]
    """The data files opened so far, for the promise that a run with nothing new opens none."""

    @property
    def location(self) -> str:
        """The export's own folder as a person finds it."""
        ...

    @property
    def folder_name(self) -> str:
        """The last segment of the export's own folder: the export's name in most layouts."""
        ...

    def require_reachable(self) -> None:
        """Raise DeliveryError when the export's folder cannot be reached."""
        ...

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[str]:
        """Keys of the files under a folder, sorted. A folder that does not exist has none."""
        ...

    def stat(self, key: str) -> Stat | None:
        """Size and etag, or None when there is no such file."""
        ...

    def read_bytes(self, key: str) -> bytes:
        """The content of a small file: a manifest."""
        ...

    def open_data(self, key: str) -> Path:
        """A local path of a data file; counted in `opened`."""
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


class FileTransport:
    """An export in a local folder. The folders above `root` carry bucket (or container) and prefix."""

    def __init__(self, root: Path):
        self.root = root.absolute()
        self.opened: list[str] = []

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self.root)

    @property
    def folder_name(self) -> str:
        """The folder's own name."""
        return self.root.name

    def require_reachable(self) -> None:
        """Raise DeliveryError when the folder does not exist or cannot be listed."""
        if not self.root.is_dir():
            raise DeliveryError(
                f"the folder {self.root} does not exist. Check the uri in finops.yaml; it must point at the export's"
                " own folder, and a mounted disk must be mounted."
            )
        try:
            next(self.root.iterdir(), None)
        except OSError as error:
            raise DeliveryError(
                f"the folder {self.root} cannot be listed ({error.strerror}). Give this user read access."
            ) from error

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[str]:
        """Keys of the files under a folder, sorted by key."""
        folder = self.root / prefix
        found = folder.rglob("*") if recursive else folder.glob("*")
        yield from sorted(path.relative_to(self.root).as_posix() for path in found if path.is_file())

    def stat(self, key: str) -> Stat | None:
        """Size, and the time of the last change as etag."""
        try:
            stat = self._inside(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Stat(stat.st_size, str(stat.st_mtime_ns))

    def read_bytes(self, key: str) -> bytes:
        """The content of a small file."""
        try:
            return self._inside(key).read_bytes()
        except OSError as error:
            raise DeliveryError(
                f"{self.root / key} cannot be read ({error.strerror}). Check its permissions."
            ) from error

    def open_data(self, key: str) -> Path:
        """The file itself: nothing is copied."""
        self.opened.append(key)
        return self._inside(key)

    def landed_etag(self, key: str, stat: Stat) -> str:
        """Time of the last change and checksum: a touched file is told from a changed one."""
        return f"{stat.etag}/{_sha256(self._inside(key))}"

    def revisit(self, key: str, size: int, landed_etag: str) -> str | None:
        """Compare size and time; only where the time differs, the content."""
        stat = self.stat(key)
        changed_at, _, checksum = landed_etag.partition("/")
        if stat is None or stat.size != size:
            return None
        if stat.etag == changed_at:
            return landed_etag
        self.opened.append(key)
        return f"{stat.etag}/{checksum}" if _sha256(self._inside(key)) == checksum else None

    def resolve(self, name: str) -> str:
        """The key below `root` of a file named `[s3://bucket/]prefix/export/rest`. See `resolve_named_key`."""
        return resolve_named_key(name, self.root.parts[1:])

    def _inside(self, key: str) -> Path:
        path = self.root / key
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise DeliveryError(f"{path} leads outside the export's folder {self.root}. Remove the link.")
        return path


def resolve_named_key(name: str, folders: tuple[str, ...]) -> str:
    """The key, relative to the export's own folder, of a file as a manifest names it.

    `folders` are the export's own folder and those above it, outermost first. A name is made of the same folders and
    then the key: `prefix/export/key`, or `s3://bucket/prefix/export/key`. Its leading segments must equal the last
    of `folders`; what remains is the key. With a bucket, the bucket must be among them, so a file of another bucket is
    refused; without one, the name begins with the prefix. The longest match wins.

    Raises:
        DeliveryError: another scheme or bucket, an absolute path, `..`, or a name outside the export's folder.
    """
    rest = name.strip()
    scheme, separator, after = rest.partition("://")
    if separator:
        if scheme.lower() != "s3":
            raise DeliveryError(
                f"{name!r} has the scheme {scheme}://, which no manifest may name; expected a key or s3://"
            )
        rest = after
    segments = rest.split("/")
    if rest.startswith("/") or "\\" in rest or "\0" in rest or any(part in ("", ".", "..") for part in segments):
        raise DeliveryError(f"{name!r} is not a plain key: absolute paths, '.', '..' and empty segments are refused")
    for length in range(min(len(segments) - 1, len(folders)), 0, -1):
        # With a bucket, one segment is the bucket and at least one more the export's folder.
        if tuple(segments[:length]) == folders[-length:] and not (separator and length < 2):
            return "/".join(segments[length:])
    expected = "/".join(folders[-3:])
    raise DeliveryError(
        f"{name!r} is not in the export's folder: its leading segments must be the folders that end in …/{expected}"
        + (" (bucket, prefix, export)" if separator else " (prefix, export)")
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
