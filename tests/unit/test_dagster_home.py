"""Dagster's own folder: made once, never overwritten, silent towards the network, and read without waste."""

import os
import subprocess
import sys

import dagster as dg
import pytest
import yaml

from finops_pipeline.dagster_home import prepare_homes, reuse_database_connections
from finops_pipeline.errors import FinopsError
from finops_pipeline.settings import load_settings


@pytest.fixture
def settings(tmp_path, monkeypatch):
    for name in ("FINOPS_HOME", "FINOPS_CONFIG", "DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")
    return load_settings({"FINOPS_HOME": str(tmp_path / "home"), "FINOPS_CONFIG": str(tmp_path / "finops.yaml")})


def test_history_lies_in_the_data_folder_runs_one_at_a_time_and_sends_nothing(settings):
    prepare_homes(settings)
    assert os.environ["DAGSTER_HOME"] == str(settings.home / "dagster")
    written = yaml.safe_load((settings.home / "dagster" / "dagster.yaml").read_text())
    assert written["telemetry"] == {"enabled": False}
    with dg.DagsterInstance.get() as instance:
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled


def test_configuration_that_someone_edited_is_kept(settings):
    prepare_homes(settings)
    configuration = settings.dagster_home / "dagster.yaml"
    configuration.write_text("telemetry: {enabled: false}\n")
    prepare_homes(settings)
    assert configuration.read_text() == "telemetry: {enabled: false}\n"


def test_folder_that_cannot_be_made_is_told_with_the_variable_to_change(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FinopsError, match="FINOPS_HOME"):
        prepare_homes(load_settings({"FINOPS_HOME": str(tmp_path / "file" / "home")}))


def test_run_history_is_whole_when_database_connections_are_reused(settings, monkeypatch):
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage

    for module in (sqlite_event_log, sqlite_run_storage):
        monkeypatch.setattr(module, "create_engine", module.create_engine)
    prepare_homes(settings)
    reuse_database_connections()

    @dg.asset
    def something() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"rows": 3})

    with dg.DagsterInstance.get() as instance:
        run_ids = [dg.materialize([something], instance=instance).run_id for _ in range(2)]
    assert len(sqlite_event_log.create_engine.engines) >= 3
    # Another process, as the UI is one, reads what this one still holds open.
    shown = subprocess.run(
        [sys.executable, "-c", "import dagster as dg; print(len(dg.DagsterInstance.get().get_runs()))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "2"
    with dg.DagsterInstance.get() as instance:
        assert {run.run_id for run in instance.get_runs()} == set(run_ids)
        assert all(run.is_success for run in instance.get_runs())
        latest = instance.get_latest_materialization_event(dg.AssetKey("something"))
        assert latest is not None
        assert latest.run_id == run_ids[-1]
