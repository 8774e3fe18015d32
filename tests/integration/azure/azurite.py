"""A real Blob Storage server on loopback (Azurite) for the real client, and containers that are filled with it."""

import base64
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.storage.blob import BlobServiceClient, ContentSettings

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAM = CHECKOUT / ".venv" / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "acmebilling"
CANARY = base64.b64encode(b"canary-of-a-secret-account-key").decode()
"""The account's key in every test: no message may hold it."""

_LISTENS = re.compile(r"listens on (http://127\.0\.0\.1:\d+)")
_OPTIONS = ("--blobPort", "0", "--inMemoryPersistence", "--extentMemoryLimit", "1024", "--skipApiVersionCheck")
_OPTIONS += ("--disableTelemetry", "--silent")
_START_SECONDS = 60


@dataclass(frozen=True)
class Azurite:
    """A running server."""

    endpoint: str
    """http://127.0.0.1:port; the account is the first segment of a path, as on every emulator."""

    @property
    def connection_string(self) -> str:
        return connection_string(self.endpoint)


def connection_string(endpoint: str, account: str = ACCOUNT, key: str = CANARY) -> str:
    return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};BlobEndpoint={endpoint}/{account};"


@contextlib.contextmanager
def azurite(node: str, folder: Path) -> Iterator[Azurite]:
    """The server in a process group of its own, on a port it chose itself; ended by its process id."""
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [node, str(PROGRAM), *_OPTIONS],
            cwd=folder,
            env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{CANARY}"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Azurite(_address(process, log))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if told := _LISTENS.search(log.read_text()):
            return told[1]
        time.sleep(0.1)
    raise RuntimeError(f"Azurite did not start in {_START_SECONDS} s: {log.read_text()[-2000:]}")


class Container:
    """A container of the server, filled with Azure's own client."""

    def __init__(self, server: Azurite, name: str):
        self.name = name
        self._uploaded: dict[str, bytes] = {}
        self.client: Any = BlobServiceClient.from_connection_string(server.connection_string).create_container(name)

    @property
    def uri(self) -> str:
        return f"az://{ACCOUNT}/{self.name}"

    def put(self, key: str, content: bytes, encoding: str | None = None) -> None:
        settings = ContentSettings(content_encoding=encoding) if encoding else None
        self.client.upload_blob(key, content, overwrite=True, content_settings=settings)

    def delete(self, key: str) -> None:
        self.client.delete_blob(key)

    def upload(self, folder: Path, prefix: str = "") -> None:
        """What is new below a folder, manifests last, as Azure writes them; what is no longer there is deleted."""
        paths = {prefix + path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for key in sorted(paths, key=lambda key: (key.endswith("manifest.json"), key)):
            content = paths[key].read_bytes()
            if self._uploaded.get(key) != content:
                self.put(key, content)
                self._uploaded[key] = content
        for key in [key for key in self._uploaded if key.startswith(prefix) and key not in paths]:
            self.delete(key)
            del self._uploaded[key]
