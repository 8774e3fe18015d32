"""Exit codes and messages of the command line, as a shell sees them. Whole runs are in end_to_end/."""

import os
import subprocess
import sys

import pytest

from finops_pipeline import __version__

VALID = """
version: 1
sources:
  - {name: aws-payer, provider: aws, dataset: cur2, uri: "file://FOLDER/aws"}
"""


@pytest.fixture
def finops(tmp_path):
    """Run the command in a process of its own, in an empty folder, without anything heavy allowed."""

    def run(*arguments, **environment):
        env = {**os.environ, "FINOPS_HOME": str(tmp_path / "home"), **environment}
        for name in ("FINOPS_CONFIG", "FINOPS_NOW", "DAGSTER_HOME"):
            if name not in environment:
                env.pop(name, None)
        return subprocess.run(
            [sys.executable, "-m", "finops_pipeline", *arguments],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def test_version_is_shown(finops):
    done = finops("--version")
    assert (done.returncode, done.stdout) == (0, f"finops {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["nonsense"],
        ["run", "--nonsense"],
        ["run", "surplus"],
        ["run", "--from", "2026-13"],
        ["run", "--from", "2026"],
        ["run", "--to", "October"],
        ["run", "--from", "2026-11", "--to", "2026-10"],
        ["sample"],
        ["sample", "company", "--month", "2026-1"],
        ["sample", "company", "--rows", "0"],
    ],
)
def test_wrong_arguments_exit_2_and_leave_nothing_behind(finops, tmp_path, arguments):
    done = finops(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_missing_configuration_exits_2_and_names_the_file(finops, tmp_path):
    done = finops("run")
    assert done.returncode == 2
    assert str(tmp_path / "finops.yaml") in done.stderr


@pytest.mark.parametrize("command", ["run", "validate"])
def test_faulty_configuration_exits_2_with_key_and_value_before_anything_is_created(finops, tmp_path, command):
    (tmp_path / "finops.yaml").write_text(VALID.replace("cur2", "cur9"))
    done = finops(command)
    assert done.returncode == 2
    assert "sources[0].dataset" in done.stderr
    assert "cur9" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home").exists()


def test_faulty_rules_exit_2(finops, tmp_path):
    (tmp_path / "finops.yaml").write_text(VALID.replace("FOLDER", str(tmp_path)))
    (tmp_path / "allocation.yaml").write_text("version: 1\nrules: [{name: x, pool: nonsense, driver: gpu_hours}]\n")
    done = finops("run")
    assert done.returncode == 2
    assert "allocation.yaml" in done.stderr
    assert "nonsense" in done.stderr


def test_faulty_clock_exits_2_and_names_the_variable(finops, tmp_path):
    (tmp_path / "finops.yaml").write_text(VALID)
    done = finops("run", FINOPS_NOW="yesterday")
    assert done.returncode == 2
    assert "FINOPS_NOW" in done.stderr


def test_config_option_wins_over_the_environment(finops, tmp_path):
    (tmp_path / "faulty.yaml").write_text("version: 9\n")
    done = finops("run", "--config", "absent.yaml", FINOPS_CONFIG=str(tmp_path / "faulty.yaml"))
    assert str(tmp_path / "absent.yaml") in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--config", "c.yaml"],
        ["validate", "--config", "c.yaml"],
        ["alerts", "--config", "c.yaml"],
        ["alerts", "send", "--config", "c.yaml"],
        ["alerts", "--config", "c.yaml", "send"],
        ["alerts", "test", "mail", "--config", "c.yaml"],
    ],
)
def test_every_command_that_reads_the_configuration_takes_it_as_an_option(finops, tmp_path, arguments):
    done = finops(*arguments)
    assert done.returncode == 2
    assert f"{tmp_path / 'c.yaml'} does not exist. Name the configuration with --config" in done.stderr


def test_help_says_where_the_configuration_is_looked_for(finops):
    assert "$FINOPS_CONFIG" in finops("run", "--help").stdout


def test_home_that_cannot_be_created_exits_1_and_names_the_variable(finops, tmp_path):
    (tmp_path / "finops.yaml").write_text(VALID.replace("FOLDER", str(tmp_path)))
    (tmp_path / "file").write_text("in the way")
    done = finops("run", FINOPS_HOME=str(tmp_path / "file" / "home"))
    assert done.returncode == 1
    assert "FINOPS_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_second_run_exits_1_and_names_the_first(finops, tmp_path):
    (tmp_path / "finops.yaml").write_text(VALID.replace("FOLDER", str(tmp_path)))
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
            "from finops_pipeline.run_lock import hold_run_lock\n"
            "with hold_run_lock(Path(sys.argv[1]), command='finops run', run_id='first', now=datetime.now(UTC)):\n"
            "    print('held', flush=True); sys.stdin.read()",
            str(tmp_path / "home" / "run.lock"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        done = finops("run")
    finally:
        holder.kill()
        holder.wait()
    assert done.returncode == 1
    assert f"`finops run` (process {holder.pid}, run first" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_configuration_faults_need_neither_dagster_nor_dbt(finops, tmp_path):
    blocked = tmp_path / "blocked"
    for package in ("dagster", "dagster_dbt", "dbt", "pandas"):
        (blocked / package).mkdir(parents=True)
        (blocked / package / "__init__.py").write_text("raise ImportError('too early')")
    path = {"PYTHONPATH": os.pathsep.join([str(blocked), *filter(None, [os.environ.get("PYTHONPATH")])])}
    assert finops("--help", **path).returncode == 0
    assert finops("run", "--help", **path).returncode == 0
    assert "does not exist" in finops("run", **path).stderr
