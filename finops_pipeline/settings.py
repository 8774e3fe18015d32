"""Environment to typed settings: the only reader of `os.environ` in this package.

What the company wants (sources, feeds, currency) is in `finops.yaml` (`config.py`); this module only says
where things are kept and what time it is.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from finops_pipeline.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The checkout: `finops_pipeline/` and `dbt_project/` stand side by side in it."""

DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"


@dataclass(frozen=True)
class Settings:
    """Where data is kept and the clock, as the environment gives them. All paths are absolute."""

    home: Path
    config_path: Path
    now: datetime
    dagster_home: Path

    @property
    def landing(self) -> Path:
        """The landing zone: immutable deliveries and the ledger of the live ones."""
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        """The working DuckDB file. Only dbt writes it; checks and publish open it read-only."""
        return self.home / "warehouse.duckdb"

    @property
    def marts(self) -> Path:
        """Published versions and the link `current`."""
        return self.home / "marts"

    @property
    def parts(self) -> Path:
        """The months of large marts as they were last written; the next version is joined from them."""
        return self.home / "parts"

    @property
    def check_results(self) -> Path:
        """History of check results, one JSON Lines file a run, failed runs included."""
        return self.home / "check_results"

    @property
    def run_lock(self) -> Path:
        """Locked while a run is in progress; `run.lock.holder` beside it names the holder."""
        return self.home / "run.lock"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `FINOPS_HOME`, `FINOPS_CONFIG`, `FINOPS_NOW` and `DAGSTER_HOME`, with their defaults.

    Raises:
        ConfigurationError: `FINOPS_NOW` is no ISO 8601 instant.
    """
    environ = os.environ if environ is None else environ
    home = Path(environ.get("FINOPS_HOME") or ".finops").expanduser().absolute()
    config_path = Path(environ.get("FINOPS_CONFIG") or "finops.yaml").expanduser().absolute()
    dagster_home = Path(environ.get("DAGSTER_HOME") or home / "dagster").expanduser().absolute()
    return Settings(home=home, config_path=config_path, now=_now(environ.get("FINOPS_NOW")), dagster_home=dagster_home)


def azure_connection_string(environ: Mapping[str, str] | None = None) -> str | None:
    """`AZURE_STORAGE_CONNECTION_STRING`, which Azure's client leaves to its callers; None when unset or blank.

    It may hold a key: never shown, logged or kept.
    """
    environ = os.environ if environ is None else environ
    return environ.get("AZURE_STORAGE_CONNECTION_STRING", "").strip() or None


def secret_variable(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The value of a variable that a configuration names; None when unset or blank. Never shown, logged or kept."""
    environ = os.environ if environ is None else environ
    return environ.get(name, "").strip() or None


def _now(text: str | None) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f"FINOPS_NOW is {text!r}; expected an ISO 8601 instant in UTC such as 2026-11-01T06:00:00Z."
        ) from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
