"""BigQuery on loopback for the real clients: an emulator, and proxies before it that count and make things go wrong."""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import types

CHECKOUT = Path(__file__).resolve().parents[3]
PYTHON = CHECKOUT / ".venv" / "bqemulator" / "bin" / "python"
LOCATION = "EU"
_START_SECONDS = 90


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    rest: str
    grpc: str

    def client(self) -> bigquery.Client:
        """A client that goes around the proxies, for filling tables."""
        options = {"api_endpoint": f"http://{self.rest}"}
        return bigquery.Client("acme", credentials=AnonymousCredentials(), client_options=options)


@contextlib.contextmanager
def emulator(folder: Path) -> Iterator[Emulator]:
    """The emulator in a process group of its own, on free ports; ended by its process id."""
    rest, storage = _free_port(), _free_port()
    command = [PYTHON, Path(__file__).with_name("run_emulator.py"), "start", "--ephemeral", "--log-level", "error"]
    log = folder / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*map(str, command), "--rest-port", str(rest), "--grpc-port", str(storage)],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=folder,
        )
    try:
        _await_port(process, rest, log)
        _await_port(process, storage, log)
        yield Emulator(f"127.0.0.1:{rest}", f"127.0.0.1:{storage}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"the emulator did not start in {_START_SECONDS} s: {log.read_text()[-2000:]}")


@dataclass(frozen=True)
class Request:
    """A request as it came through a proxy."""

    method: str
    path: str
    body: dict[str, Any]

    @property
    def sql(self) -> str:
        """The query that is asked; empty for other requests."""
        return str(self.body.get("query") or self.body.get("configuration", {}).get("query", {}).get("query", ""))


@dataclass(frozen=True)
class Refusal:
    """An answer in BigQuery's words that the proxy gives itself."""

    status: int
    reason: str
    message: str = "told by the proxy"

    @property
    def body(self) -> bytes:
        error = {"message": self.message, "domain": "global", "reason": self.reason}
        return json.dumps({"error": {"code": self.status, "message": self.message, "errors": [error]}}).encode()


class RestProxy:
    """An HTTP proxy before the emulator: counts requests, refuses, and describes tables as BigQuery does."""

    def __init__(self, upstream: str):
        self.upstream = upstream
        self.requests: list[Request] = []
        self.refuse: Callable[[Request], Refusal | None] = lambda request: None
        self.before: Callable[[Request], None] = lambda request: None
        self.description: dict[str, Any] = {}
        """Merged into descriptions of tables."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def queries(self) -> list[str]:
        """The queries asked so far."""
        return [request.sql for request in self.requests if request.sql]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _described(self, body: bytes) -> bytes:
        table = json.loads(body)
        if table.get("kind") != "bigquery#table":
            return body
        table["schema"]["fields"] = [f for f in table["schema"]["fields"] if f["name"] != "_PARTITIONTIME"]
        return json.dumps(table | {"location": LOCATION} | self.description).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path.partition("?")[0], json.loads(content or b"{}"))
                with proxy._lock:
                    proxy.requests.append(request)
                proxy.before(request)
                refusal = proxy.refuse(request)
                if refusal:
                    self._send(refusal.status, refusal.body)
                    return
                connection = http.client.HTTPConnection(proxy.upstream, timeout=60)
                try:
                    headers = {k: v for k, v in self.headers.items() if k.lower() != "accept-encoding"}
                    connection.request(self.command, self.path, content or None, headers)
                    answer = connection.getresponse()
                    body = answer.read()
                finally:
                    connection.close()
                described = request.method == "GET" and answer.status == 200 and "/tables/" in request.path
                self._send(answer.status, proxy._described(body) if described else body)

            do_POST = do_GET  # noqa: N815

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        return Handler


@dataclass(frozen=True)
class Broken:
    """How a call to the Storage Read API ends: a status, after some messages."""

    status: grpc.StatusCode
    details: str = "told by the proxy"
    after_messages: int = 0


class StorageProxy(grpc.GenericRpcHandler):
    """A gRPC proxy before the emulator's Storage Read API: counts calls and breaks them off."""

    def __init__(self, upstream: str):
        self.calls: list[str] = []
        self.breaks: Callable[[str, int], Broken | None] = lambda method, number: None
        """For a method (its last word) and the number of its call, from 1."""
        self.offsets: list[int] = []
        """Where each reading of a stream began."""
        self._channel = grpc.insecure_channel(upstream, [("grpc.max_receive_message_length", -1)])
        self._server = grpc.server(ThreadPoolExecutor(16), handlers=[self])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(None)
        self._channel.close()

    def _from_offset(self, request: bytes, answers: Iterator[bytes]) -> Iterator[bytes]:
        """The messages behind the offset that was asked for, which the emulator does not look at."""
        offset = types.ReadRowsRequest.deserialize(request).offset
        self.offsets.append(offset)
        passed = 0
        for message in answers:
            if passed >= offset:
                yield message
            passed += types.ReadRowsResponse.deserialize(message).row_count

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        path = handler_call_details.method
        name = path.rpartition("/")[2]

        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            self.calls.append(name)
            broken = self.breaks(name, self.calls.count(name))
            streaming = self._channel.unary_stream(path)
            metadata = [(k, v) for k, v in context.invocation_metadata() if not k.startswith((":", "grpc-", "user-"))]
            try:
                answers = streaming(request, metadata=metadata)
                if name == "ReadRows":
                    answers = self._from_offset(request, answers)
                for number, message in enumerate(answers):
                    if broken and number >= broken.after_messages:
                        break
                    yield message
            except grpc.RpcError as error:
                broken = Broken(error.code(), error.details())
            if broken:
                context.abort(broken.status, broken.details)

        return grpc.unary_stream_rpc_method_handler(answer)


@dataclass(frozen=True)
class Proxies:
    """What stands between the pipeline and the emulator."""

    rest: RestProxy
    storage: StorageProxy


class Table:
    """An export's table in the emulator, filled as Google does: by appending to ingestion partitions."""

    def __init__(self, emulator: Emulator, dataset: str, name: str, fields: list[dict[str, Any]]):
        self.client = emulator.client()
        self.dataset, self.name = dataset, name
        self.client.create_dataset(bigquery.Dataset(f"acme.{dataset}"), exists_ok=True)
        self._create(fields)

    @property
    def uri(self) -> str:
        return f"bigquery://acme/{self.dataset}/{self.name}"

    def add_column(self, name: str, kind: str) -> None:
        """A column that Google adds to all of its exports."""
        self.client.query(f"ALTER TABLE `{self._path}` ADD COLUMN {name} {kind}").result()
        # The emulator changes its rows, and its description of the table only when it is told to.
        table = self.client.get_table(self._path)
        if name not in [field.name for field in table.schema]:
            table.schema = [*table.schema, bigquery.SchemaField(name, kind)]
            self.client.update_table(table, ["schema"])

    def append(self, day: str, *rows: dict[str, Any]) -> None:
        """Rows that arrive in one ingestion partition."""
        lines = [json.dumps({"_PARTITIONTIME": f"{day} 00:00:00 UTC"} | row) for row in rows]
        table = self.client.get_table(self._path)
        config = bigquery.LoadJobConfig(
            source_format="NEWLINE_DELIMITED_JSON", schema=table.schema, write_disposition="WRITE_APPEND"
        )
        content = io.BytesIO("\n".join(lines).encode())
        self.client.load_table_from_file(content, table.reference, job_config=config).result()

    def grow(self, day: str, count: int) -> None:
        """Copies of the partition's only row."""
        names = ", ".join(f"t.{field.name}" for field in self.client.get_table(self._path).schema)
        rows = f"SELECT {names} FROM `{self._path}` AS t CROSS JOIN UNNEST(GENERATE_ARRAY(1, {count})) AS n"
        self.client.query(f"INSERT INTO `{self._path}` {rows} WHERE {self._partition(day)}").result()

    def delete(self, day: str) -> None:
        """A partition that expires, or that someone deletes."""
        self.client.query(f"DELETE FROM `{self._path}` WHERE {self._partition(day)}").result()

    @property
    def _path(self) -> str:
        return f"acme.{self.dataset}.{self.name}"

    @staticmethod
    def _partition(day: str) -> str:
        return f"_PARTITIONTIME = TIMESTAMP '{day} 00:00:00+00'"

    def _create(self, fields: list[dict[str, Any]]) -> None:
        partition = {"name": "_PARTITIONTIME", "type": "TIMESTAMP"}
        schema = [bigquery.SchemaField.from_api_repr(field) for field in [partition, *fields]]
        table = bigquery.Table(self._path, schema=schema)
        table.time_partitioning = bigquery.TimePartitioning(type_="DAY")
        self.client.create_table(table)
