"""The sensor `new_deliveries`: one run for what is new, none while one is under way, and the ledger decides."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finops_pipeline.config import load_config
from finops_pipeline.defs import automation
from finops_pipeline.defs.automation import new_deliveries, refresh
from finops_pipeline.extract.offered import News
from finops_pipeline.extract.refresh import Window, extract_table
from finops_pipeline.run_lock import hold_run_lock, holder_path
from finops_pipeline.settings import Settings, load_settings

ROW = {
    "bill_payer_account_id": "012345678901",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": datetime(2026, 10, 1),
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": 1.25,
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "finops.yaml").write_text(
        f"version: 1\nsources:\n  - {{name: payer, provider: aws, dataset: cur2, uri: {tmp_path}/b/p/cur}}\n"
    )
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.yaml"))
    monkeypatch.setenv("FINOPS_NOW", "2026-10-20T06:00:00Z")
    deliver(tmp_path, 1)
    return load_settings()


def deliver(folder: Path, run: int) -> None:
    data = folder / "b/p/cur/data/BILLING_PERIOD=2026-10/cur-00001.snappy.parquet"
    data.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([ROW] * run), data)
    manifest = folder / "b/p/cur/metadata/BILLING_PERIOD=2026-10/cur-Manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(
        json.dumps({"dataFiles": ["s3://b/p/cur/data/BILLING_PERIOD=2026-10/cur-00001.snappy.parquet"], "run": run})
    )


def land(settings: Settings) -> None:
    window = Window(None, None, settings.now)
    assert not extract_table("aws_cur2", load_config(settings.config_path), settings, window, print).failures


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        return new_deliveries(context)  # pyright: ignore[reportReturnType]


def skipped(instance: dg.DagsterInstance) -> str:
    result = tick(instance)
    assert isinstance(result, dg.SkipReason)
    return result.skip_message or ""


def key_of(result: dg.SensorResult | dg.SkipReason) -> str:
    assert isinstance(result, dg.SensorResult)
    [request] = result.run_requests or []
    assert request.run_key
    return request.run_key


def test_a_new_delivery_requests_one_run_and_a_landed_one_none(settings: Settings, instance: dg.DagsterInstance):
    assert key_of(tick(instance)).startswith("new-deliveries-")
    land(settings)
    assert skipped(instance) == "1 sources looked at: nothing new"
    assert not settings.warehouse.exists()


def test_the_same_news_has_the_same_key_and_other_news_another(
    settings: Settings, instance: dg.DagsterInstance, tmp_path: Path
):
    first = key_of(tick(instance))
    assert key_of(tick(instance)) == first
    deliver(tmp_path, 2)
    assert key_of(tick(instance)) != first


@pytest.mark.parametrize("cursor", [None, "", "new-deliveries-of-another-life", '{"any": 1}'])
def test_the_ledger_decides_whatever_the_cursor_says(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None
):
    known = key_of(tick(instance))
    assert key_of(tick(instance, cursor or known)) == known
    land(settings)
    assert isinstance(tick(instance, cursor), dg.SkipReason)


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTING", "STARTED", "CANCELING"])
def test_it_waits_while_a_run_is_under_way(settings: Settings, instance: dg.DagsterInstance, status: str):
    run = instance.create_run_for_job(refresh_of_one_step, status=dg.DagsterRunStatus(status))
    assert skipped(instance) == f"run {run.run_id} is {status.lower()}"


def test_it_waits_while_a_run_is_queued(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    """Only the daemon can make a run queued, so the instance is asked for one here."""
    run = instance.create_run_for_job(refresh_of_one_step)

    def queued_runs(asked: dg.RunsFilter, limit: int) -> list[dg.DagsterRun]:
        assert (asked.job_name, limit) == ("refresh", 1)
        return [run] if dg.DagsterRunStatus.QUEUED in asked.statuses else []

    monkeypatch.setattr(instance, "get_runs", queued_runs)
    assert run.run_id in skipped(instance)


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE", "CANCELED"])
def test_it_does_not_wait_for_runs_that_have_ended(settings: Settings, instance: dg.DagsterInstance, status: str):
    instance.create_run_for_job(refresh_of_one_step, status=dg.DagsterRunStatus(status))
    assert key_of(tick(instance))


@dg.job(name=refresh.name)
def refresh_of_one_step():
    @dg.op
    def step() -> None: ...

    step()


def test_it_waits_for_a_run_of_any_kind_that_holds_the_lock(settings: Settings, instance: dg.DagsterInstance):
    with hold_run_lock(settings.run_lock, command="finops run", run_id="r1", now=datetime.now(UTC)):
        assert "a run is in progress: `finops run`" in skipped(instance)
    assert key_of(tick(instance))


def test_a_run_that_was_killed_is_not_waited_for(settings: Settings, instance: dg.DagsterInstance):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    settings.home.mkdir()
    note = {"pid": dead.pid, "command": "finops run", "run_id": "r1", "since": "2026-10-20"}
    holder_path(settings.run_lock).write_text(json.dumps(note))

    assert key_of(tick(instance))


def test_a_look_at_the_lock_never_takes_it(settings: Settings, instance: dg.DagsterInstance):
    tick(instance)
    assert not settings.run_lock.exists()


def test_sources_that_fail_or_are_too_slow_are_named_in_the_reason(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        automation, "look_for_news", lambda *_: News(failed=["gcp-main: denied"], too_slow=["azure-ea"])
    )
    assert skipped(instance) == (
        "1 sources looked at: nothing new elsewhere; 1 cannot be read: gcp-main: denied;"
        " not listed within 40 s: azure-ea"
    )


def test_news_of_one_source_count_although_another_fails(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(automation, "look_for_news", lambda *_: News(changed=["a 2026-10  x"], failed=["b: denied"]))
    assert key_of(tick(instance))


def test_a_missing_configuration_is_a_reason_and_no_crash(settings: Settings, instance: dg.DagsterInstance):
    settings.config_path.unlink()
    assert "finops.yaml" in skipped(instance)


def test_it_is_off_until_someone_turns_it_on():
    assert new_deliveries.default_status == dg.DefaultSensorStatus.STOPPED
    assert new_deliveries.job_name == "refresh"
