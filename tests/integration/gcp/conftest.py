"""BigQuery of the test session, and for each test a dataset of its own with a company reading it through proxies."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bigquery_server import PYTHON, Emulator, Proxies, RestProxy, StorageProxy, Table, emulator
from billing_schemas import fields_of
from export_writers import Company

from finops_pipeline.config import Source
from finops_pipeline.extract import gcp_bigquery
from finops_pipeline.extract.transport import downloads

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    if not PYTHON.is_file():
        missing = "the BigQuery emulator is not installed (make test installs it)"
        if os.environ.get("CI"):
            pytest.fail(f"{missing}, and continuous integration must run these tests")
        pytest.skip(missing)
    with emulator(tmp_path_factory.mktemp("bqemulator")) as running:
        yield running


@pytest.fixture
def proxies(server: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxies]:
    """The pipeline's clients go through these; no credential of this machine reaches a test; waiting is short."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(gcp_bigquery, "RETRY_SECONDS", 30.0)
    monkeypatch.setattr(gcp_bigquery, "_FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(downloads, "_LONGEST_PAUSE_SECONDS", 0.05)
    proxies = Proxies(RestProxy(server.rest), StorageProxy(server.grpc))
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", proxies.rest.endpoint)
    monkeypatch.setenv("BIGQUERY_STORAGE_EMULATOR_HOST", proxies.storage.address)
    yield proxies
    proxies.rest.close()
    proxies.storage.close()


@pytest.fixture
def dataset(proxies: Proxies) -> str:
    return f"billing_{next(_numbers)}"


class TableCompany(Company):
    """A company whose Google bills are tables."""

    def add_uri(self, dataset: str, uri: str, name: str = "payer") -> None:
        fields = {"name": name, "provider": "gcp", "dataset": dataset, "uri": uri}
        self.sources.append(Source.model_validate(fields))


@pytest.fixture
def company(tmp_path: Path) -> TableCompany:
    return TableCompany(tmp_path)


@pytest.fixture
def detailed(server: Emulator, dataset: str, company: TableCompany) -> Table:
    """An empty detailed export that the company reads."""
    table = Table(server, dataset, "gcp_billing_export_resource_v1_01AB_02", fields_of("gcp_detailed"))
    company.add_uri("detailed", table.uri)
    return table
