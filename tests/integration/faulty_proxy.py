"""A proxy on loopback between a cloud's real client and its server, which makes things go wrong."""

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


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
                # Counted before it is sent: the client may be done with the last byte before this thread goes on.
                with proxy._lock:
                    proxy.body_bytes += len(sent)
                self.wfile.write(sent)
                if cut is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        return Handler
