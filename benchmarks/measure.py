"""Run a command as a whole process and account for it: CPU seconds, wall seconds, peak memory.

CPU is user plus system time of the process and every child it waited for, as the kernel counts it; peak memory is the
largest resident set of a single process in that tree. Absolute seconds depend on the machine: quote ratios.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What one process tree cost."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run `command` to its end and return its cost.

    Raises:
        RuntimeError: the command failed; its output is in the message, because a failed run has no cost worth a row.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        list(command),
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(
            f"{' '.join(command)} exited {process.returncode}:\n{output.decode(errors='replace')[-4000:]}"
        )
    # ru_maxrss is in KiB on Linux and in bytes on macOS.
    peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak_bytes / 2**20)
