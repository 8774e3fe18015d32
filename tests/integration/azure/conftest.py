"""A Blob Storage server of the test session, and for each test a container of its own with a company reading it."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_company import BlobCompany
from azurite import PROGRAM, Azurite, Container, azurite, connection_string
from export_writers import AzureExport
from faulty_proxy import FaultyProxy

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    node = shutil.which("node")
    if node is None or not PROGRAM.is_file():
        missing = "Azurite is not installed (make test installs it where node and npm are)"
        if os.environ.get("CI"):
            pytest.fail(f"{missing}, and continuous integration must run these tests")
        pytest.skip(missing)
    with azurite(node, tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential of this machine may reach a test."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def container(server: Azurite, environment: None, monkeypatch: pytest.MonkeyPatch) -> Container:
    """An empty container that the standard variable leads to."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", server.connection_string)
    return Container(server, f"billing-{next(_numbers)}")


@pytest.fixture
def proxy(server: Azurite, container: Container, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy before the server, which the pipeline's client goes through and the one that fills containers not."""
    proxy = FaultyProxy(server.endpoint)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string(proxy.endpoint))
    yield proxy
    proxy.close()


@pytest.fixture
def company(tmp_path: Path, container: Container) -> BlobCompany:
    return BlobCompany(tmp_path, container)


@pytest.fixture
def azure(company: BlobCompany) -> AzureExport:
    """The actual export of the company, in its container under `exports/actual`."""
    company.add_az("exports/actual")
    return AzureExport(company.folder)
