"""A real S3 server on loopback (moto) for the real client."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
