"""An export in a bucket or a container: keys with the export's prefix in front, and data files by download.

What differs between S3 and Blob Storage is behind `Objects`; everything an export needs is built on it once, here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.transport.downloads import Downloads
from finops_pipeline.extract.transport.named_keys import resolve_in_bucket
from finops_pipeline.extract.transport.protocol import MAX_MANIFEST_BYTES, Stat


class Objects(Protocol):
    """The objects of one bucket or container, by their full keys.

    Every method raises DeliveryError for what a person must mend (denied, no such bucket, wrong region), naming the
    account or bucket, the key and the next step; throttling and broken connections are tried again, bounded, inside.
    """

    @property
    def location(self) -> str:
        """Bucket or container as a person finds it: s3://bucket, az://account/container."""
        ...

    def require_reachable(self, prefix: str) -> None:
        """Raise DeliveryError unless objects below the prefix can be listed."""
        ...

    def list_all(self, prefix: str) -> Iterator[tuple[str, Stat]]:
        """Every object whose key begins with the prefix, in any order, all pages."""
        ...

    def list_folder(self, prefix: str) -> tuple[dict[str, Stat], list[str]]:
        """Objects directly below a prefix that ends with a slash (or is empty), and the folders there, full keys."""
        ...

    def stat(self, key: str) -> Stat | None:
        """Size and etag now; None when there is no such object."""
        ...

    def read(self, key: str, start: int, etag: str | None) -> Iterator[bytes]:
        """The object's bytes as stored (never decompressed) from `start`, in pieces of at most a few MiB.

        Raises:
            DeliveryError: it is not there or may not be read, or its etag is another than the one given.
            ConnectionError: the stream broke off; reading may go on at another `start`.
        """
        ...


@dataclass(frozen=True)
class Bucket:
    """Where an export is in its store: scheme, bucket or container, and the segments of the export's own folder."""

    scheme: str
    name: str
    folders: tuple[str, ...]

    @property
    def prefix(self) -> str:
        """What the export's keys begin with, with a slash at the end unless it is empty."""
        return "".join(f"{folder}/" for folder in self.folders)


class ObjectStore:
    """An export in a bucket: the `Transport` over `Objects`."""

    def __init__(self, objects: Objects, bucket: Bucket, downloads: Path):
        self.objects, self.bucket = objects, bucket
        self.opened: list[str] = []
        self._downloads = Downloads(objects, downloads)
        self._folders: dict[str, dict[str, Stat]] = {}

    @property
    def location(self) -> str:
        """The export's own folder."""
        return "/".join((self.objects.location, *self.bucket.folders))

    @property
    def folder_name(self) -> str:
        """The export's name."""
        return self.bucket.folders[-1] if self.bucket.folders else self.bucket.name

    @property
    def readable(self) -> Sequence[Path]:
        """The folder of the downloads."""
        return [self._downloads.folder]

    def require_reachable(self) -> None:
        """Raise DeliveryError when the export's folder cannot be listed."""
        self.objects.require_reachable(self.bucket.prefix)

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[str]:
        """Keys of the files in a folder, sorted."""
        if recursive:
            found = [key for key, _ in self.objects.list_all(self._key(prefix, folder=True))]
        else:
            found = list(self.objects.list_folder(self._key(prefix, folder=True))[0])
        # Some tools write an empty object for a folder; its key ends with a slash and it is no file.
        yield from sorted(self._relative(key) for key in found if not key.endswith("/"))

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Keys of the folders directly in a folder, sorted."""
        found = self.objects.list_folder(self._key(prefix, folder=True))[1]
        yield from sorted(self._relative(key).rstrip("/") for key in found)

    def stat(self, key: str) -> Stat | None:
        """Size and etag as they are now."""
        full = self._key(key)
        if full in self._downloads.refused:
            raise self._downloads.refused[full]
        return self.objects.stat(full)

    def read_bytes(self, key: str) -> bytes:
        """The content of a manifest."""
        content = self._downloads.content(self._key(key), MAX_MANIFEST_BYTES)
        if len(content) > MAX_MANIFEST_BYTES:
            raise DeliveryError(
                f"{self.location}/{key} is larger than any manifest; expected at most 64 MiB. Remove it."
            )
        return content

    @contextmanager
    def fetching(self, keys: Sequence[str], report: Callable[[str], None] | None = None) -> Iterator[None]:
        """Download the files ahead, several at a time, and remove the copies afterwards."""
        with self._downloads.ahead([self._key(key) for key in dict.fromkeys(keys)], report):
            yield

    def open_data(self, key: str) -> Path:
        """A local copy of the file."""
        self.opened.append(key)
        return self._downloads.path(self._key(key))

    def landed_etag(self, key: str, stat: Stat) -> str:
        """The store's own etag."""
        del key
        return stat.etag

    def revisit(self, key: str, size: int, landed_etag: str) -> str | None:
        """Compare with one listing of the file's folder: a delivery of a hundred parts costs one request."""
        full = self._key(key)
        folder = full.rpartition("/")[0] + "/"
        if folder not in self._folders:
            self._folders[folder] = self.objects.list_folder(folder)[0]
        return landed_etag if self._folders[folder].get(full) == Stat(size, landed_etag) else None

    def resolve(self, name: str) -> str:
        """The key below the export's folder of a file as a manifest names it."""
        return resolve_in_bucket(name, self.bucket.scheme, (self.bucket.name, *self.bucket.folders))

    def _key(self, key: str, *, folder: bool = False) -> str:
        return self.bucket.prefix + key + ("/" if folder and key else "")

    def _relative(self, key: str) -> str:
        return key.removeprefix(self.bucket.prefix)
