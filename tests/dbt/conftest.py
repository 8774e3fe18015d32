"""The ledger of all cases, built once for the tests of allocation and unit costs."""

from pathlib import Path

import pytest
from governance_cases import govern
from ledger_cases import fill
from ledger_fixture import Built, Ledger


@pytest.fixture(scope="session")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all ledgers of a test run."""
    return tmp_path_factory.mktemp("ledgers")


@pytest.fixture(scope="session")
def built(ledgers: Path) -> Built:
    """The ledger of every case in ledger_cases and governance_cases."""
    return govern(fill(Ledger(ledgers / "home"))).build()
