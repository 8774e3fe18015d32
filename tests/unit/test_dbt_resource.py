"""The dbt project as Dagster sees it: parsed when it has to be, once, and without asking the network for a version."""

import os
import subprocess
import sys

import pytest
from dagster_dbt import DbtCliResource
from dbt.adapters.duckdb.credentials import DuckDBCredentials

from finops_pipeline.dbt_plugin import Plugin
from finops_pipeline.errors import FinopsError
from finops_pipeline.resources.dbt import DbtCli, current_manifest, dbt_environment, environment
from finops_pipeline.settings import DBT_PROJECT_DIR, load_settings

PROJECT = {
    "dbt_project.yml": "name: small\nversion: '1.0.0'\nprofile: small\nmodel-paths: [models]\n",
    "profiles.yml": "small: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}\n",
    "models/one.sql": "select 1 as one\n",
}


@pytest.fixture
def project(tmp_path):
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def parsed_at(project):
    return (project / "target" / "manifest.json").stat().st_mtime_ns


def test_manifest_is_parsed_when_missing_kept_while_current_and_parsed_again_when_stale(project):
    manifest = current_manifest(project)
    assert "model.small.one" in manifest.read_text()
    first = parsed_at(project)

    current_manifest(project)
    assert parsed_at(project) == first

    (project / "models" / "two.sql").write_text("select 2 as two")
    assert "model.small.two" in current_manifest(project).read_text()

    (project / "models" / "one.sql").unlink()
    assert "model.small.one" not in current_manifest(project).read_text()


def test_several_processes_that_need_the_manifest_at_once_all_get_a_whole_one(project):
    code = (
        "import json, sys; from pathlib import Path; from finops_pipeline.resources.dbt import current_manifest\n"
        "json.loads(current_manifest(Path(sys.argv[1])).read_text())"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(project)]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert [path.name for path in (project / "target").glob(".parse-*")] == []


def test_project_that_cannot_be_parsed_is_told_in_the_words_of_dbt(project):
    (project / "models" / "one.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(FinopsError, match="nowhere"):
        current_manifest(project)


def test_names_that_the_resource_overrides_still_exist_in_dagster_dbt():
    for name in ("_cli_version", "_initialize_dbt_core_adapter"):
        assert name in vars(DbtCliResource)
        assert name in vars(DbtCli)


def test_environment_is_restored_after_the_block(monkeypatch):
    monkeypatch.setenv("FINOPS_HOME", "before")
    monkeypatch.delenv("FINOPS_NOW", raising=False)
    with environment({"FINOPS_HOME": "inside", "FINOPS_NOW": "inside"}):
        assert os.environ["FINOPS_HOME"] == "inside"
    assert os.environ["FINOPS_HOME"] == "before"
    assert "FINOPS_NOW" not in os.environ


def test_dbt_gets_absolute_places_one_clock_and_no_telemetry():
    settings = load_settings({"FINOPS_HOME": "relative", "FINOPS_NOW": "2026-11-03T06:00:00Z"})
    variables = dbt_environment(settings)
    assert os.path.isabs(variables["FINOPS_HOME"])
    assert variables["FINOPS_NOW"] == "2026-11-03T06:00:00+00:00"
    assert variables["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"


def test_the_warehouse_lies_in_the_data_folder_and_the_profile_names_no_place(tmp_path, monkeypatch):
    # dbt parses the whole project again where a path of the profile has changed
    assert "env_var" not in (DBT_PROJECT_DIR / "profiles.yml").read_text()
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path))
    credentials = DuckDBCredentials.from_dict({"path": "warehouse.duckdb", "schema": "main"})
    Plugin("finops", {}, credentials)
    assert credentials.path == str(tmp_path / "warehouse.duckdb")
