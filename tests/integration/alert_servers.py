"""A web server and a mailbox on loopback that answer as told, and remember what they were sent."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What the web server says next."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass
class Received:
    """What the web server was sent."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WebServer:
    """Answers each POST with the next of `answers`, and with the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [Answer()]
        self.received: list[Received] = []
        parent = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parent.received.append(Received(self.path, dict(self.headers.items()), body))
                answer = parent.answers.pop(0) if len(parent.answers) > 1 else parent.answers[0]
                time.sleep(answer.after)
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(answer.body.encode())
                except BrokenPipeError:
                    return

            do_GET = do_POST  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Mailbox:
    """Takes mail, except for those it does not know and unless it is told to be busy."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.sessions: list[bool] = []
        self.unknown: set[str] = set()
        self.answer = "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.sessions.append(session.ssl is not None)
        if self.answer.startswith("250"):
            self.mails.append(envelope.content)
        return self.answer


@dataclass
class MailServer:
    """Where it listens and what it took."""

    port: int
    box: Mailbox
