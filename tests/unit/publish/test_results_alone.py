"""A quiet morning whose checks say otherwise: the version before once more, with the newer results."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from finops_pipeline.checks.outcome import CheckOutcome, Offender
from finops_pipeline.checks.results import record_results, results_of
from finops_pipeline.publish.database import write_database
from finops_pipeline.publish.marts import write_manifest, write_tables
from finops_pipeline.publish.results_alone import checks_that_say_otherwise, publish_results_alone
from finops_pipeline.publish.tables import MartTable
from finops_pipeline.publish.versions import finish_version, published_manifest, start_version

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
FIRST, QUIET = "run-one", "run-two"


def record(folder: Path, run_id: str, observed: str, *stale: str, check: str = "every_source_is_fresh") -> None:
    offenders = [Offender(name, "old", "new") for name in stale]
    outcome = CheckOutcome(observed, "fresh", "Look at the export.", offenders)
    told = {"check_name": check, "subject": "raw/deliveries", "severity": "warn", "run_id": run_id}
    record_results(folder, results_of(outcome, **told, checked_at=NOW + timedelta(days=run_id == QUIET)))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A published version with one mart; its run's check passed."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create table fct_cost_allocations as select i as allocation_id from range(300000) as t (i)")
    record(tmp_path / "check_results", FIRST, "aws 3 hours")
    record(tmp_path / "check_results", FIRST, "1 budget is over", "ml", check="budgets_are_kept")
    building = start_version(tmp_path / "marts", "v1")
    marts = [MartTable("fct_cost_allocations", '"warehouse"."main"."fct_cost_allocations"', ("allocation_id",))]
    folders = (tmp_path / "check_results", tmp_path / "parts")
    tables = write_tables(building, tmp_path / "warehouse.duckdb", marts, *folders)
    database = write_database(building, tables)
    write_manifest(building, database, tables, {"version": "v1", "run_id": FIRST, "fingerprint": "f", "totals": []})
    finish_version(tmp_path / "marts", building)
    return tmp_path


def published(home: Path) -> dict:
    manifest = published_manifest(home / "marts")
    assert manifest is not None
    return manifest


def test_older_but_still_fresh_says_nothing_else(home: Path):
    record(home / "check_results", QUIET, "aws 27 hours")
    assert checks_that_say_otherwise(home / "check_results", QUIET, published(home)) == []


def test_another_subject_that_fails_says_otherwise_and_checks_that_did_not_run_say_nothing(home: Path):
    record(home / "check_results", QUIET, "aws 80 hours", "aws")
    assert checks_that_say_otherwise(home / "check_results", QUIET, published(home)) == ["every_source_is_fresh"]


def test_the_version_before_is_published_once_more_with_the_newer_results(home: Path):
    before = (home / "marts" / "current").resolve()
    record(home / "check_results", QUIET, "aws 80 hours", "aws")
    facts = {"version": "v2", "run_id": QUIET, "published_at": "later"}
    repeated = published(home)
    repeated["tables"]["fct_cost_allocations"]["months"] = {"2026-10": "digest"}
    version = publish_results_alone(home / "marts", home / "check_results", repeated, facts)
    assert (home / "marts" / "current").resolve() == version == home / "marts" / "v2"
    mart = "fct_cost_allocations.parquet"
    assert (version / mart).stat().st_ino == (before / mart).stat().st_ino
    manifest = published(home)
    assert (manifest["run_id"], manifest["fingerprint"], manifest["published_at"]) == (QUIET, "f", "later")
    assert manifest["tables"]["fct_cost_allocations"] == repeated["tables"]["fct_cost_allocations"]
    for name, checksum in manifest["sha256"].items():
        assert hashlib.sha256((version / name).read_bytes()).hexdigest() == checksum, name
    with duckdb.connect(str(version / "marts.duckdb"), read_only=True) as marts:
        assert marts.execute("select count(*) from fct_cost_allocations").fetchone() == (300000,)
        stale = "select subject from fct_check_results where not passed and run_id = ? order by 1"
        assert marts.execute(stale, [QUIET]).fetchall() == [("aws",), ("raw/deliveries",)]
        rows = marts.execute("select count(*) from fct_check_results").fetchone()
    assert rows == (manifest["tables"]["fct_check_results"]["rows"],)
    # The next quiet morning says the same.
    assert checks_that_say_otherwise(home / "check_results", QUIET, manifest) == []
    assert json.loads((before / "manifest.json").read_text())["version"] == "v1"
