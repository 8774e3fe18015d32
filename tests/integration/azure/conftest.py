"""A Blob Storage server of the test session, and for each test a container of its own with a company reading it."""

import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The writers of small exports and the proxy that makes things go wrong are shared with other tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "unit" / "extract"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "aws"))

from azurite import PROGRAM, Azurite, Container, azurite, connection_string
from export_writers import AzureExport, Company
from s3_server import FaultyProxy

from finops_pipeline.config import Source
from finops_pipeline.extract.refresh import ExtractResult

_numbers = itertools.count(1)


class CloudCompany(Company):
    """A company whose Azure exports are written as files and uploaded to a container before each refresh."""

    def __init__(self, folder: Path, container: Container):
        super().__init__(folder)
        self.container = container

    def add_az(self, path: str = "", name: str = "payer", **more: str) -> None:
        uri = self.container.uri + (f"/{path}" if path else "")
        fields = {"name": name, "provider": "azure", "dataset": "cost_details", "uri": uri} | more
        self.sources.append(Source.model_validate(fields))

    def deliver(self, folder: Path | None = None) -> None:
        """The container as the local folder of it is now."""
        self.container.upload(folder or self.folder / "billing")

    def refreshed(self) -> ExtractResult:
        return self.refresh("azure_cost_details")


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
def company(tmp_path: Path, container: Container) -> CloudCompany:
    return CloudCompany(tmp_path, container)


@pytest.fixture
def azure(company: CloudCompany) -> AzureExport:
    """The actual export of the company, in its container under `exports/actual`."""
    company.add_az("exports/actual")
    return AzureExport(company.folder)
