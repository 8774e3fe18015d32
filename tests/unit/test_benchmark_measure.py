"""A measured process is accounted for alone: neither the memory nor the CPU of the one that measures counts."""

import sys

import pytest

from benchmarks.measure import measure


def test_the_memory_of_the_process_that_measures_does_not_count():
    held = bytearray(200_000_000)

    cost = measure([sys.executable, "-c", "pass"])

    assert len(held) > cost.peak_mib * 2**20


def test_memory_and_cpu_of_the_whole_tree_count():
    grandchild = "held = bytearray(100_000_000); sum(range(3_000_000))"

    cost = measure(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.check_call([sys.executable, '-c', {grandchild!r}])"]
    )

    assert cost.peak_mib > 95
    assert cost.cpu_seconds > 0.02


def test_a_command_that_fails_has_no_cost_but_a_message():
    with pytest.raises(RuntimeError, match=r"(?s)exited 3.*no such table"):
        measure([sys.executable, "-c", "print('no such table'); raise SystemExit(3)"])
