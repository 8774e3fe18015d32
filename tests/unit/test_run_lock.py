"""One run at a time, seen from two processes."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from finops_pipeline.errors import RunInProgressError
from finops_pipeline.run_lock import hold_run_lock, holder_path, read_holder

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)

HOLD_UNTIL_TOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from finops_pipeline.run_lock import hold_run_lock

with hold_run_lock(Path(sys.argv[1]), command="finops run", run_id="first", now=datetime(2026, 11, 3, 6, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def lock_path(tmp_path):
    return tmp_path / "home" / "run.lock"


@pytest.fixture
def other_process(lock_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_TOLD, str(lock_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_second_process_is_refused_and_told_who_holds_the_lock(lock_path, other_process):
    with (
        pytest.raises(RunInProgressError, match=rf"finops run.*process {other_process.pid}, run first"),
        hold_run_lock(lock_path, command="second", run_id="second", now=NOW),
    ):
        pass


def test_lock_is_free_again_after_the_holder_ends(lock_path, other_process):
    other_process.communicate("\n")
    with hold_run_lock(lock_path, command="second", run_id="second", now=NOW):
        assert read_holder(lock_path).run_id == "second"


def test_lock_is_free_again_after_the_holder_is_killed_although_its_note_is_left_behind(lock_path, other_process):
    other_process.kill()
    other_process.wait()
    assert holder_path(lock_path).exists()
    with hold_run_lock(lock_path, command="second", run_id="second", now=NOW):
        assert read_holder(lock_path).run_id == "second"


def test_same_process_may_enter_again_and_the_first_holder_stays_named(lock_path):
    with hold_run_lock(lock_path, command="finops run", run_id="first", now=NOW):
        with hold_run_lock(lock_path, command="job", run_id="inner", now=NOW):
            assert read_holder(lock_path).run_id == "first"
        assert read_holder(lock_path).run_id == "first"
    assert read_holder(lock_path) is None


def test_error_inside_the_block_releases_the_lock(lock_path):
    with pytest.raises(ZeroDivisionError), hold_run_lock(lock_path, command="a", run_id="a", now=NOW):
        raise ZeroDivisionError
    with hold_run_lock(lock_path, command="b", run_id="b", now=NOW):
        assert read_holder(lock_path).run_id == "b"
