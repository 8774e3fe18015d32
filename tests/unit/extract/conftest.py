"""The company of each test, in its own temporary folder."""

from pathlib import Path

import pytest
from export_writers import AzureExport, Company, Cur2Export, LegacyExport


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
def cur2(company: Company) -> Cur2Export:
    export = Cur2Export(company.folder)
    company.add("aws", "cur2", export.root)
    return export


@pytest.fixture
def legacy(company: Company) -> LegacyExport:
    export = LegacyExport(company.folder)
    company.add("aws", "cur1", export.root)
    return export


@pytest.fixture
def azure(company: Company) -> AzureExport:
    export = AzureExport(company.folder)
    company.add("azure", "cost_details", export.root)
    return export


@pytest.fixture
def gcp(company: Company) -> Path:
    folder = company.folder / "billing" / "gcp_billing_export_resource_v1_01AB_02"
    folder.mkdir(parents=True)
    company.add("gcp", "detailed", folder)
    return folder
