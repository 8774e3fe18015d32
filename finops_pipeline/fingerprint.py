"""What a run's result depends on, as one fingerprint: equal to the published one means there is nothing to do.

Everything that can change a byte of a mart is here: deliveries, usage feeds, rules, configuration, the dbt project,
this package's code, the engines, and the clock as far as the open month goes. Nothing is fetched or decided here;
`defs/transform.py` compares, `defs/publish.py` hands it to the published manifest.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from finops_pipeline.errors import FinopsError
from finops_pipeline.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings

PACKAGE_DIR = PROJECT_ROOT / "finops_pipeline"

_OPEN_MONTH = "open month"
_RATES = "exchange rates"
_AFTERWARDS = "feedback, invoices and metrics"
_DECISIONS = "budgets and tag policy"
NOT_OF_MAPPING = {"deliveries", "usage feeds", _RATES, _AFTERWARDS, _DECISIONS, _OPEN_MONTH}
"""The parts that come after a delivery's charges, or that the warehouse tells by month or by table. Feedback comes
every morning, rates come every day, a budget is raised at any time: closed months must not hang on them."""
_RATES_TABLE = "fx_rates.parquet"
_TABLES_AFTERWARDS = {
    "anomaly_feedback.parquet",
    "invoices.parquet",
    "metrics.parquet",
    "model_alternatives.parquet",
    "waivers.parquet",
}
_TABLES_OF_DECISIONS = {"budgets.parquet", "fiscal_year.parquet", "tag_policy.parquet"}
_ENGINES = ("dbt-core", "dbt-duckdb", "duckdb", "pyarrow")
_DELIVERY_KEY = ("table_name", "source_name", "variant", "billing_period", "delivery_id", "identity", "rows")
# What dbt and tools write beside the sources, and the parts of the package no mart is made with.
_NOT_DBT_SOURCES = {"target", "logs", "dbt_packages", ".user.yml"}
_NOT_PIPELINE_CODE = {"sample", "__pycache__", "cli.py", "progress.py", "__main__.py"}


@dataclass(frozen=True)
class Fingerprint:
    """A digest for each kind of input, so that a run can say *what* changed, and one over all of them."""

    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One SHA-256 over all parts."""
        return _digest(dict(self.parts))

    @property
    def made_with(self) -> str:
        """What turns a delivery into charges, whichever it is; feeds, rates and the clock come in later."""
        return _digest({name: part for name, part in self.parts.items() if name not in NOT_OF_MAPPING})

    def changes_since(self, published_parts: Mapping[str, str]) -> list[str]:
        """The kinds of input that differ from the published ones, by name."""
        names = sorted({*self.parts, *published_parts})
        return [name for name in names if self.parts.get(name) != published_parts.get(name)]


def compute_fingerprint(
    settings: Settings,
    configuration: Mapping[str, Any],
    *,
    dbt_project_dir: Path = DBT_PROJECT_DIR,
    package_dir: Path = PACKAGE_DIR,
) -> Fingerprint:
    """Fingerprint the landing zone and everything that turns it into marts.

    Args:
        settings: where the landing zone is, and the clock.
        configuration: the validated meaning of `finops.yaml`, not its text: comments and key order do not count.
        dbt_project_dir: the dbt project, seeds included.
        package_dir: the package whose code lands, checks and publishes.
    """
    live = _live_deliveries(settings.landing / "deliveries.parquet")
    tables = _rule_rows(settings.landing / "rules")
    afterwards = {name: tables.pop(name) for name in _TABLES_AFTERWARDS & tables.keys()}
    decisions = {name: tables.pop(name) for name in _TABLES_OF_DECISIONS & tables.keys()}
    rates = tables.pop(_RATES_TABLE, None)
    return Fingerprint(
        parts={
            "deliveries": _digest([row for row in live if row["provider"] != "usage"]),
            "usage feeds": _digest([row for row in live if row["provider"] == "usage"]),
            "rules": _digest(tables),
            "configuration": _digest(_meaning(configuration)),
            _RATES: _digest(rates),
            _AFTERWARDS: _digest(afterwards),
            _DECISIONS: _digest(decisions),
            "dbt project": _tree_digest(dbt_project_dir, ignored=_NOT_DBT_SOURCES),
            "code": _tree_digest(package_dir, ignored=_NOT_PIPELINE_CODE),
            "engines": _digest({name: version(name) for name in _ENGINES}),
            # The clock only decides which month is open, and with it which amounts are provisional.
            _OPEN_MONTH: settings.now.strftime("%Y-%m"),
        }
    )


def engine_versions() -> dict[str, str]:
    """The versions that can change a published byte, by package name."""
    return {name: version(name) for name in _ENGINES}


def note_warehouse_inputs(home: Path, fingerprint: Fingerprint) -> None:
    """Note beside the warehouse what it was built from; publishing takes it from there, also in a later run."""
    content = {"fingerprint": fingerprint.digest, "inputs": dict(fingerprint.parts)}
    _warehouse_note(home).write_text(json.dumps(content), encoding="utf-8")


def forget_warehouse_inputs(home: Path) -> None:
    """Called before a build: a half-built warehouse was made from nothing one could name."""
    _warehouse_note(home).unlink(missing_ok=True)


def read_warehouse_inputs(home: Path) -> dict[str, Any]:
    """What the warehouse was built from: `fingerprint` and its parts as `inputs`.

    Raises:
        FinopsError: no build of the warehouse has been completed.
    """
    try:
        return json.loads(_warehouse_note(home).read_text(encoding="utf-8"))
    except OSError as error:
        raise FinopsError(f"No completed build stands in {home}; run `finops run --rebuild`.") from error


def _warehouse_note(home: Path) -> Path:
    return home / "warehouse.inputs.json"


def _live_deliveries(ledger: Path) -> list[dict[str, Any]]:
    if not ledger.exists():
        return []
    columns = [*_DELIVERY_KEY, "provider", "status"]
    rows = pq.read_table(ledger, columns=columns).to_pylist()
    live = [{name: row[name] for name in (*_DELIVERY_KEY, "provider")} for row in rows if row["status"] == "live"]
    return sorted(live, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def _rule_rows(rules: Path) -> dict[str, list[dict[str, Any]]]:
    # Rows, not bytes: a rewritten file with the same rules is the same input. Order is meaning: first match wins.
    return {path.name: pq.read_table(path).to_pylist() for path in sorted(rules.glob("*.parquet"))}


def _meaning(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without places: where a delivery was read from changes no mart, what it held does."""
    kept = {name: value for name, value in configuration.items() if name not in {"allocation", "fx_rates"}}
    for entries in ("sources", "usage"):
        kept[entries] = [
            {name: value for name, value in entry.items() if not name.endswith("uri")}
            for entry in configuration.get(entries) or ()
        ]
    return kept


def _tree_digest(root: Path, *, ignored: Iterable[str]) -> str:
    ignored = set(ignored)
    hasher = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if ignored.intersection(relative.parts) or path.suffix == ".pyc" or not path.is_file():
            continue
        hasher.update(f"{relative.as_posix()}\0".encode())
        hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return hasher.hexdigest()


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
