"""What a run must refuse, how it says so, and that the published marts stay as they were."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
import yaml

from tests.conftest import CHECKOUT, Company, Finished


def _state(company: Company) -> tuple[str, str]:
    return os.readlink(company.current), (company.current / "manifest.json").read_text()


def _assert_refused(finished: Finished, *mentions: str) -> None:
    assert finished.exit_code == 1, finished.output
    for mention in mentions:
        assert mention in finished.output
    assert "Traceback" not in finished.output


def _aws_data_file(company: Company):
    folder = company.config.parent / "aws"
    manifest = next(path for path in sorted(folder.rglob("*Manifest.json")) if "2026-10" in str(path))
    named = re.search(r"BILLING_PERIOD=2026-10/[^\"]+\.parquet", manifest.read_text())
    assert named is not None
    return next(path for path in folder.rglob("*.parquet") if str(path).endswith(named.group(0))), manifest


def _azure_run(company: Company):
    manifest = next(
        path
        for path in sorted((company.config.parent / "azure").rglob("manifest.json"))
        if "20261001-20261031" in str(path)
    )
    return next(manifest.parent.glob("*.csv.gz")), manifest


@pytest.fixture
def second_run(company_copy: Callable[..., Company], published_company: Company) -> Company:
    """A company that published once and whose exports may now be damaged."""
    company = company_copy(published_company.home)
    assert company.finops("run").exit_code == 0
    return company


def test_a_missing_file_is_refused_and_the_marts_stay(second_run: Company):
    before = _state(second_run)
    data_file, manifest = _aws_data_file(second_run)
    data_file.unlink()
    _assert_refused(second_run.finops("run"), data_file.name, manifest.name)
    assert _state(second_run) == before


def test_a_short_file_is_refused_and_the_marts_stay(second_run: Company):
    before = _state(second_run)
    data_file, manifest = _azure_run(second_run)
    data_file.write_bytes(data_file.read_bytes()[:-100])
    _assert_refused(second_run.finops("run"), data_file.name, manifest.name)
    assert _state(second_run) == before


def test_a_file_changed_behind_its_manifest_is_refused(second_run: Company):
    before = _state(second_run)
    data_file, manifest = _aws_data_file(second_run)
    content = bytearray(data_file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    data_file.write_bytes(bytes(content))
    _assert_refused(second_run.finops("run"), data_file.name, manifest.name)
    assert _state(second_run) == before


def test_a_damaged_export_is_refused_on_the_very_first_run(company_copy: Callable[..., Company]):
    company = company_copy()
    data_file, manifest = _aws_data_file(company)
    data_file.write_bytes(data_file.read_bytes()[:-200])
    _assert_refused(company.finops("run"), data_file.name, manifest.name)
    assert not company.current.exists()


def test_every_source_is_tried_before_the_run_fails(second_run: Company):
    aws_file, _ = _aws_data_file(second_run)
    azure_file, _ = _azure_run(second_run)
    aws_file.unlink()
    azure_file.unlink()
    finished = second_run.finops("run")
    _assert_refused(finished, aws_file.name, azure_file.name, "aws-payer", "azure-ea")


@pytest.mark.parametrize(
    ("change", "mentions"),
    [
        ({"sources": []}, ["sources"]),
        ({"colour": "blue"}, ["colour"]),
        ({"version": 7}, ["version", "7"]),
        (
            {"sources": [{"name": "Not Valid", "provider": "aws", "dataset": "cur2", "uri": "file:///x"}]},
            ["Not Valid", "lower-case letters"],
        ),
        (
            {"sources": [{"name": "a", "provider": "oracle", "dataset": "cur2", "uri": "file:///x"}]},
            ["oracle", "azure"],
        ),
        ({"usage": [{"name": "x", "kind": "gpu_ours", "uri": "file:///x"}]}, ["gpu_ours", "gpu_hours"]),
    ],
    ids=["no source", "unknown key", "version", "name", "provider", "kind"],
)
def test_a_bad_configuration_is_exit_2_with_key_value_and_what_is_allowed(
    company_copy: Callable[..., Company], change: dict, mentions: list[str]
):
    company = company_copy()
    config = yaml.safe_load(company.config.read_text()) | change
    company.config.write_text(yaml.safe_dump(config))
    finished = company.finops("run")
    assert finished.exit_code == 2, finished.output
    for mention in mentions:
        assert mention in finished.output
    assert "Traceback" not in finished.output


def test_a_missing_configuration_is_exit_2(company_copy: Callable[..., Company]):
    company = company_copy()
    company.config.unlink()
    finished = company.finops("run")
    assert finished.exit_code == 2
    assert "finops.yaml" in finished.output


def test_a_second_run_at_the_same_time_is_refused_by_name(published_copy: Company):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\n"
            "from finops_pipeline.run_lock import hold_run_lock\n"
            "from finops_pipeline.settings import load_settings\n"
            "settings = load_settings()\n"
            "with hold_run_lock(settings.run_lock, command='the nightly run', run_id='n1', now=settings.now):\n"
            "    print('held', flush=True); time.sleep(120)",
        ],
        cwd=CHECKOUT,
        env={**os.environ, "FINOPS_HOME": str(published_copy.home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        finished = published_copy.finops("run")
        _assert_refused(finished, str(holder.pid), "the nightly run")
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
    time.sleep(0.1)
    # a holder that was killed leaves no lock behind
    assert published_copy.finops("run").exit_code == 0


def test_a_change_in_one_source_is_never_skipped(second_run: Company):
    before = _state(second_run)
    run = next(
        path
        for path in sorted((second_run.config.parent / "azure").rglob("manifest.json"))
        if "20261001-20261031" in str(path)
    )
    text = run.read_text()
    submitted = re.search(r'"submittedTime": ?"([^"]+)"', text)
    assert submitted is not None
    run.write_text(text.replace(submitted.group(1), "2026-11-03T05:00:00.0000000Z"))
    finished = second_run.finops("run")
    assert finished.exit_code == 0, finished.output
    assert _state(second_run) != before


def test_a_change_in_a_rule_is_never_skipped(second_run: Company):
    before = _state(second_run)
    rules = second_run.config.parent / "allocation.yaml"
    rules.write_text(rules.read_text().replace("basis: requested", "basis: used"))
    finished = second_run.finops("run")
    assert finished.exit_code == 0, finished.output
    assert _state(second_run) != before


def test_a_run_does_not_touch_the_network(company_copy: Callable[..., Company]):
    """Run in a network namespace of its own, where not even loopback is up."""
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("this machine allows no network namespaces: " + probe.stderr.decode().strip())
    company = company_copy()
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "finops_pipeline", "run"],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "FINOPS_HOME": str(company.home),
            "FINOPS_CONFIG": str(company.config),
            "FINOPS_NOW": company.now,
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert company.current.exists()
