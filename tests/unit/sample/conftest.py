from pathlib import Path

import pytest

from finops_pipeline.sample import write_sample


@pytest.fixture(scope="session")
def directory(sample_exports: Path) -> Path:
    """The sample company as it is: two months, the first one restated."""
    return sample_exports


@pytest.fixture(scope="session")
def first_delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One month, before it is restated."""
    return write_sample(tmp_path_factory.mktemp("first"), months=("2026-09",), restated=False).directory
