"""Fixtures that every depth of test shares: where reference data may lie, the sample company, a finished first run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

CHECKOUT = Path(__file__).resolve().parent.parent
REFERENCE_DATA = CHECKOUT.parent / "shared" / "reference" / "data"
DEMO_NOW = "2026-11-03T06:00:00Z"
CANARIES = {
    "AWS_SECRET_ACCESS_KEY": "c4n4ry+aws/secret/key",
    "AZURE_STORAGE_CONNECTION_STRING": "AccountName=acme;AccountKey=c4n4ryAzureAccountKey==;EndpointSuffix=a.invalid",
    "FINOPS_SLACK_TOKEN": "c4n4ry-some-token",
}
"""Secrets in the environment of the published company's first run, which nothing it leaves behind may hold."""


@dataclass(frozen=True)
class Finished:
    """What a `finops` process printed and how it ended."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Company:
    """A configuration, the exports it points at, and the data folder of its runs."""

    config: Path
    home: Path
    now: str = DEMO_NOW

    def finops(self, *arguments: str, **environment: str) -> Finished:
        """Run the real command in a process of its own, as a scheduler would."""
        env = {
            **os.environ,
            "FINOPS_HOME": str(self.home),
            "FINOPS_CONFIG": str(self.config),
            "FINOPS_NOW": self.now,
            **environment,
        }
        env.pop("DAGSTER_HOME", None)
        done = subprocess.run(
            [sys.executable, "-m", "finops_pipeline", *arguments],
            env=env,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=500,
            check=False,
        )
        return Finished(done.returncode, done.stdout)

    @property
    def current(self) -> Path:
        return self.home / "marts" / "current"

    def query(self, sql: str, *, warehouse: bool = False) -> list[tuple]:
        """Rows of a query over the published marts, named as tables; or over the working warehouse."""
        database = self.home / "warehouse.duckdb" if warehouse else self.current / "marts.duckdb"
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Real and reference data kept beside the checkout; its tests are skipped where it is absent."""
    if not REFERENCE_DATA.is_dir():
        pytest.skip("the reference data folder does not lie beside this checkout")
    return REFERENCE_DATA


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all test processes of this run, so that costly things are made once."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def _made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def sample_exports(shared_folder: Path) -> Path:
    """The sample company's folder. Read only: tests that change it take `company_copy`."""

    def make(folder: Path) -> None:
        from finops_pipeline.sample import write_sample

        write_sample(folder / "company")

    return _made_once(shared_folder / "sample-exports", make) / "company"


@pytest.fixture(scope="session")
def published_company(shared_folder: Path, sample_exports: Path) -> Company:
    """The sample company after its first run. Read only."""

    def make(folder: Path) -> None:
        finished = Company(sample_exports / "finops.yaml", folder / "home").finops("run", **CANARIES)
        (folder / "first-run.txt").write_text(finished.output)
        assert finished.exit_code == 0, finished.output

    folder = _made_once(shared_folder / "published-company", make)
    return Company(sample_exports / "finops.yaml", folder / "home")


# Without what another test process may be writing at this moment: Dagster's databases, a comparison of rules.
_WRITTEN_BY_READERS = shutil.ignore_patterns("dagster", ".allocation-diff-*")


@pytest.fixture
def published_copy(tmp_path: Path, published_company: Company) -> Company:
    """The published company with a data folder of its own, for tests that run it once more."""
    home = shutil.copytree(published_company.home, tmp_path / "home", symlinks=True, ignore=_WRITTEN_BY_READERS)
    return Company(published_company.config, home)


@pytest.fixture
def company_copy(tmp_path: Path, sample_exports: Path) -> Callable[..., Company]:
    """Make a private copy of the sample company whose exports and configuration a test may change.

    `home` copies the data folder of a finished run along, so that the next run is a second one.
    """

    def copy(home: Path | None = None) -> Company:
        folder = tmp_path / "company"
        shutil.copytree(sample_exports, folder)
        for text_file in (folder / "finops.yaml", folder / "allocation.yaml"):
            text_file.write_text(text_file.read_text().replace(str(sample_exports), str(folder)))
        if home is not None:
            shutil.copytree(home, tmp_path / "home", symlinks=True, ignore=_WRITTEN_BY_READERS)
        return Company(folder / "finops.yaml", tmp_path / "home")

    return copy
