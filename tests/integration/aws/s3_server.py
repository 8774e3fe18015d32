"""A real S3 server on loopback (moto) for the real client, and a proxy in front of it that makes things go wrong."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3

CANARY = "canary-of-a-secret-key"
"""The secret of every test: no message may hold it."""

PAGE = 5
"""Keys in an answer to a listing, instead of a thousand: most listings have several pages here."""

_START_SECONDS = 60


@contextlib.contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """The server in a process group of its own, on a port it chose itself; ended by its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)},
        )
    try:
        yield _address(process, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        told = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1:")]
        if told:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{told[0]}/moto-api/data.json", timeout=5).close()
                return told[0]
        time.sleep(0.1)
    raise RuntimeError(f"moto's server did not start in {_START_SECONDS} s: {log.read_text()[-2000:]}")


class Bucket:
    """A bucket of the server, filled with boto3."""

    def __init__(self, endpoint: str, name: str = "acme-billing", region: str = "us-east-1"):
        self.endpoint, self.name = endpoint, name
        self.client: Any = boto3.client("s3", endpoint_url=endpoint, region_name=region)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.client.create_bucket(Bucket=name, **where)

    def put(self, key: str, content: bytes, **more: Any) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content, **more)

    def wait_for_the_next_second(self) -> None:
        """S3 tells times in seconds: what is written after this is later."""
        time.sleep(1.01 - time.time() % 1)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def upload(self, folder: Path, prefix: str = "") -> None:
        """Every file below a folder, manifests last, as AWS writes them; what is no longer there is deleted."""
        keys = {prefix + path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for key in sorted(keys, key=lambda key: (key.endswith("-Manifest.json"), key)):
            self.put(key, keys[key].read_bytes())
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        for page in pages:
            for found in page.get("Contents", ()):
                if found["Key"] not in keys:
                    self.delete(found["Key"])


@dataclass(frozen=True)
class Request:
    """A request as it came through the proxy."""

    method: str
    path: str
    query: str
    range: str | None


@dataclass(frozen=True)
class Answer:
    """An answer the proxy gives itself."""

    status: int
    code: str
    message: str = "told by the proxy"
    headers: dict[str, str] = field(default_factory=dict)
    more: str = ""

    @property
    def body(self) -> bytes:
        return (
            f'<?xml version="1.0"?><Error><Code>{self.code}</Code><Message>{self.message}</Message>{self.more}</Error>'
        ).encode()


class FaultyProxy:
    """An HTTP proxy before the server: counts requests, answers for the server, cuts bodies short, runs hooks."""

    def __init__(self, upstream: str):
        self.upstream = urlsplit(upstream).netloc
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer | None] = lambda request: None
        """An answer in place of the server's."""
        self.cut: Callable[[Request], int | None] = lambda request: None
        """After how many bytes of the body the connection is closed."""
        self.after: Callable[[Request], None] = lambda request: None
        """Called when a request was answered."""
        self.body_bytes = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def asked(self, method: str, ending: str = "") -> list[Request]:
        """The requests of a method whose path ends so."""
        return [request for request in self.requests if request.method == method and request.path.endswith(ending)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                request = Request(self.command, unquote(parts.path), parts.query, self.headers.get("Range"))
                with proxy._lock:
                    proxy.requests.append(request)
                own = proxy.answer(request)
                if own is not None:
                    self._send(own.status, {"Content-Type": "application/xml", **own.headers}, own.body, request)
                else:
                    self._forward(request)
                proxy.after(request)

            do_HEAD = do_GET  # noqa: N815

            def _forward(self, request: Request) -> None:
                connection = http.client.HTTPConnection(proxy.upstream, timeout=60)
                try:
                    connection.request(self.command, self.path, headers=dict(self.headers))
                    answer = connection.getresponse()
                    self._send(answer.status, dict(answer.getheaders()), answer.read(), request)
                finally:
                    connection.close()

            def _send(self, status: int, headers: dict[str, str], body: bytes, request: Request) -> None:
                cut = proxy.cut(request) if request.method == "GET" else None
                sizes = [value for name, value in headers.items() if name.lower() == "content-length"]
                length = sizes[0] if sizes and request.method == "HEAD" else None
                kept = {
                    name: value
                    for name, value in headers.items()
                    if name.lower() not in ("content-length", "transfer-encoding", "connection")
                }
                self.send_response(status)
                for name, value in kept.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", length or str(len(body)))
                self.end_headers()
                if request.method == "HEAD":
                    return
                sent = body if cut is None else body[:cut]
                self.wfile.write(sent)
                with proxy._lock:
                    proxy.body_bytes += len(sent)
                if cut is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        return Handler
