"""An S3 server of the test session, empty before each test, and a company whose exports are in it."""

import importlib.util
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud_company import CloudCompany
from faulty_proxy import FaultyProxy
from s3_server import CANARY, Bucket, moto_server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if importlib.util.find_spec("moto") is None:
        if os.environ.get("CI"):
            pytest.fail("moto is not installed, and continuous integration must run these tests: make setup")
        pytest.skip("moto is not installed: make setup")
    with moto_server(tmp_path_factory.mktemp("moto") / "log.txt") as endpoint:
        yield endpoint


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty server that the standard variables point at."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/moto-api/reset", method="POST"), timeout=30).close()
    return s3_server


@pytest.fixture
def bucket(s3: str) -> Bucket:
    return Bucket(s3)


@pytest.fixture
def proxy(s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy before the server, which the client goes through."""
    proxy = FaultyProxy(s3)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint)
    yield proxy
    proxy.close()


@pytest.fixture
def company(tmp_path: Path) -> CloudCompany:
    return CloudCompany(tmp_path)
