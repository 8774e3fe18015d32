"""A version with new check results alone: for a run that finds nothing new, but whose checks say otherwise.

Time passes although nothing comes: an export that stopped is no longer fresh. Readers would go on seeing the verdicts
of the last delivery. Every other table is the file of the version before.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from finops_pipeline.checks.results import CheckResult, history_query, results_of_run
from finops_pipeline.publish.database import sha256_of, write_database
from finops_pipeline.publish.engine import open_engine, write_parquet
from finops_pipeline.publish.marts import CHECK_RESULTS, CHECK_RESULTS_KEY, write_manifest
from finops_pipeline.publish.tables import PublishedTable
from finops_pipeline.publish.versions import displace_oldest, finish_version, remove_old_versions, start_version


def checks_that_say_otherwise(check_results: Path, run_id: str, published: Mapping[str, Any]) -> list[str]:
    """The checks of a run that fail on other subjects than in the run that published, by name.

    Texts are no verdict: a delivery that is three hours older and still fresh is nothing to publish.

    Args:
        check_results: the folder with the recorded check results.
        run_id: the run that found nothing new; of the other checks it knows nothing.
        published: the manifest of the current version.
    """
    now = _failing(results_of_run(check_results, run_id))
    before = _failing(results_of_run(check_results, published["run_id"]))
    return sorted(name for name, subjects in now.items() if subjects != before.get(name, set()))


def publish_results_alone(
    marts: Path,
    check_results: Path,
    published: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Publish the current version once more with all results recorded so far; returns its folder.

    Args:
        marts: where versions stand.
        check_results: the folder with the recorded check results.
        published: the manifest of the current version.
        facts: `version`, the new one's name, and what else the new manifest says of its run.
        tell: hears why `marts.duckdb` could not be continued.
    """
    before = (marts / published["version"]).resolve()
    building = start_version(marts, facts["version"])
    checksums = published["sha256"]
    tables = {
        name: PublishedTable(table["rows"], checksums[table["file"]]) for name, table in published["tables"].items()
    }
    for name in tables.keys() - {CHECK_RESULTS}:
        _link(before / f"{name}.parquet", building / f"{name}.parquet")
    results = building / f"{CHECK_RESULTS}.parquet"
    with open_engine(building, before / "marts.duckdb", "read_only") as connection:
        rows = write_parquet(connection, results, history_query(check_results), CHECK_RESULTS_KEY)
    tables[CHECK_RESULTS] = PublishedTable(rows, sha256_of(results))
    database = write_database(building, tables, before, displace_oldest(marts), tell=tell)
    write_manifest(building, database, tables, facts, repeated=published)
    version = finish_version(marts, building)
    remove_old_versions(marts)
    return version


def _failing(results: Iterable[CheckResult]) -> dict[str, set[str]]:
    """Of each check that was evaluated, the subjects it fails on: none of one that passes."""
    failing: dict[str, set[str]] = {}
    for result in results:
        subjects = failing.setdefault(result.check_name, set())
        if not result.passed:
            subjects.add(result.subject)
    return failing


def _link(source: Path, target: Path) -> None:
    """One file under two names: what a version holds never changes. A disk that cannot do that gets a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
