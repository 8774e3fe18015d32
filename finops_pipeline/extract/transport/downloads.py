"""Data files of a store as local copies: several at a time, taken up where they broke off, pinned to one version.

A download is a `.part` file that grows; its name holds the key and the etag, so a run that was killed leaves what the
next one goes on with, and a replaced object starts anew. Copies are removed when their delivery has been read.
"""

import hashlib
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.transport.protocol import Stat

if TYPE_CHECKING:
    from finops_pipeline.extract.transport.object_store import Objects

AT_ONCE = 4
"""Downloads that run side by side. More gain little on one machine and are throttled sooner."""

TRIES = 5
_LONGEST_PAUSE_SECONDS = 20.0
_KEPT_SECONDS = 7 * 24 * 3600
_REPORT_SECONDS = 10.0


class Downloads:
    """The local copies of one store's data files."""

    def __init__(self, objects: "Objects", folder: Path):
        self.objects, self.folder = objects, folder
        self._pending: dict[str, Future[Path]] = {}
        self.refused: dict[str, DeliveryError] = {}
        """Why the store tells nothing of an object that is to be fetched: whoever opens it is told, the store is not
        asked again, and the other objects come all the same."""

    @contextmanager
    def ahead(self, keys: Sequence[str], report: Callable[[str], None] | None = None) -> Iterator[None]:
        """Fetch these objects in this order while the block runs; remove the whole copies after it.

        Raises:
            DeliveryError: the disk is too small for them.
        """
        progress = _Progress(report)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="download") as pool:
            stats = dict(zip(keys, pool.map(self._stat_or_refusal, keys), strict=True))
            self._make_room(stats.values())
            self._pending = {
                key: pool.submit(self._fetch, key, stat, progress)
                for key, stat in stats.items()
                if key not in self.refused
            }
            pending = self._pending
            try:
                yield
            finally:
                progress.stopped = True
                for future in pending.values():
                    future.cancel()
                self._pending, self.refused = {}, {}
        # After a failure they stay for the next run.
        for future in pending.values():
            if not future.cancelled() and future.exception() is None:
                future.result().unlink(missing_ok=True)

    def path(self, key: str) -> Path:
        """The local copy of an object, waiting for its download."""
        if key in self.refused:
            raise self.refused[key]
        if key in self._pending:
            return self._pending[key].result()
        return self._fetch(key, None, _Progress(None))

    def pieces(self, key: str, start: int, etag: str) -> Iterator[bytes]:
        """The bytes of an object from `start`; where the stream breaks off, reading goes on behind the last byte."""
        failures = 0
        while True:
            try:
                for piece in self.objects.read(key, start, etag):
                    start += len(piece)
                    failures = 0
                    yield piece
                return
            except ConnectionError as error:
                failures += 1
                if failures == TRIES:
                    raise self._broke_off(key, start, error) from error
                pause(failures)

    def content(self, key: str, limit: int) -> bytes:
        """The bytes of a small object, a few more than `limit` where it is larger.

        Where the stream breaks off it is read from the start again: it may have been replaced, and has no etag yet.
        """
        failures = 0
        while True:
            content = bytearray()
            try:
                for piece in self.objects.read(key, 0, None):
                    content += piece
                    if len(content) > limit:
                        break
                return bytes(content)
            except ConnectionError as error:
                failures += 1
                if failures == TRIES:
                    raise self._broke_off(key, len(content), error) from error
                pause(failures)

    def _broke_off(self, key: str, at: int, error: ConnectionError) -> DeliveryError:
        return DeliveryError(
            f"{self.objects.location}/{key} broke off {TRIES} times at byte {at:,} ({error})."
            " Run again: a download goes on where it stopped."
        )

    def _stat_or_refusal(self, key: str) -> Stat | None:
        try:
            return self.objects.stat(key)
        except DeliveryError as error:
            self.refused[key] = error
            return None

    def _fetch(self, key: str, stat: Stat | None, progress: "_Progress") -> Path:
        stat = stat or self.objects.stat(key)
        where = f"{self.objects.location}/{key}"
        if stat is None:
            raise DeliveryError(f"{where} is missing")
        # The end of a key is enough to recognise it by; a disk's names are shorter than a store's keys.
        end = key.rpartition("/")[2][-40:]
        name = f"{hashlib.sha256(f'{where} {stat.etag}'.encode()).hexdigest()[:24]}-{end}"
        whole, part = self.folder / name, self.folder / f"{name}.part"
        self.folder.mkdir(parents=True, exist_ok=True)
        if whole.exists() and whole.stat().st_size == stat.size:
            return whole
        have = part.stat().st_size if part.exists() else 0
        if have > stat.size:
            part.unlink()
            have = 0
        progress.expect(stat.size, have)
        with part.open("ab") as file:
            if have < stat.size:
                for piece in self.pieces(key, have, stat.etag):
                    file.write(piece)
                    progress.add(len(piece))
                    if progress.stopped:
                        raise DeliveryError(f"{where} was not fetched to its end: the delivery was given up")
        if part.stat().st_size != stat.size:
            found = part.stat().st_size
            part.unlink()
            raise DeliveryError(f"{where} came as {found:,} bytes; the store says {stat.size:,}")
        part.rename(whole)
        return whole

    def _make_room(self, stats: Iterable[Stat | None]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.iterdir():
            if time.time() - left.stat().st_mtime > _KEPT_SECONDS:
                left.unlink(missing_ok=True)
        needed = sum(stat.size for stat in stats if stat is not None)
        free = shutil.disk_usage(self.folder).free
        # Landed Parquet is about as large as the compressed files it is made of: both are there for a while.
        if needed * 2 > free:
            raise DeliveryError(
                f"{needed / 1e9:,.1f} GB are to be downloaded to {self.folder}, which has {free / 1e9:,.1f} GB free;"
                f" expected {needed * 2 / 1e9:,.1f} GB. Make room, or set FINOPS_HOME to a larger disk."
            )


def pause(failures: int) -> None:
    """Wait longer after each failure, and never as long as the others that were throttled at the same moment."""
    time.sleep(random.uniform(0.5, 1.0) * min(0.5 * 2**failures, _LONGEST_PAUSE_SECONDS))


class _Progress:
    """How far all downloads of a delivery are, told every few seconds."""

    def __init__(self, report: Callable[[str], None] | None):
        self.report, self.stopped = report, False
        self._expected = self._have = 0
        self._told_at = time.monotonic()
        self._lock = threading.Lock()

    def expect(self, size: int, have: int) -> None:
        with self._lock:
            self._expected += size
            self._have += have

    def add(self, size: int) -> None:
        with self._lock:
            self._have += size
            now = time.monotonic()
            if self.report is None or now - self._told_at < _REPORT_SECONDS:
                return
            self._told_at = now
            text = f"downloaded {self._have / 1e6:,.0f} MB of {self._expected / 1e6:,.0f} MB so far"
        self.report(text)
