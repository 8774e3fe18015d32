"""An export in a local folder: a mounted disk, a copy, the sample company. Nothing is copied."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.transport.named_keys import resolve_named_key
from finops_pipeline.extract.transport.protocol import MAX_MANIFEST_BYTES, Stat


class LocalFolder:
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

    @property
    def readable(self) -> Sequence[Path]:
        """The folder itself."""
        return [self.root]

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

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Keys of the folders directly in a folder, sorted."""
        yield from sorted(
            path.relative_to(self.root).as_posix() for path in (self.root / prefix).glob("*") if path.is_dir()
        )

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
            path = self._inside(key)
            if path.stat().st_size > MAX_MANIFEST_BYTES:
                raise DeliveryError(f"{path} is larger than any manifest; expected at most 64 MiB. Remove it.")
            return path.read_bytes()
        except OSError as error:
            raise DeliveryError(
                f"{self.root / key} cannot be read ({error.strerror}). Check its permissions."
            ) from error

    def fetching(
        self, keys: Sequence[str], report: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Nothing to do: the files are here."""
        del keys, report
        return nullcontext()

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
        # The keys of a report that was set up without a prefix begin with a slash.
        plain = name[1:] if name.startswith(f"/{self.folder_name}/") else name
        return resolve_named_key(plain, self.root.parts[1:])

    @cached_property
    def _real_root(self) -> Path:
        return self.root.resolve()

    def _inside(self, key: str) -> Path:
        path = self.root / key
        if not path.resolve().is_relative_to(self._real_root):
            raise DeliveryError(f"{path} leads outside the export's folder {self.root}. Remove the link.")
        return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
