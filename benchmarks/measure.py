"""Run a command as a whole process and account for it: CPU seconds, wall seconds, peak memory.

CPU is user plus system time of the process and every child it waited for, as the kernel counts it; peak memory is the
largest resident set of a single process in that tree. Absolute seconds depend on the machine: quote ratios.

A small process stands between: a child starts with the memory of whoever forked it, and the kernel remembers that as
its peak even after another program has taken its place.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ACCOUNTANT = """
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    file.write(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
sys.exit(code if code >= 0 else 128 - code)
"""


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
    with tempfile.NamedTemporaryFile(prefix="finops-cost-") as account:
        started = time.perf_counter()
        process = subprocess.run(
            [sys.executable, "-S", "-E", "-c", _ACCOUNTANT, account.name, *command],
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        wall = time.perf_counter() - started
        if process.returncode != 0:
            output = process.stdout.decode(errors="replace")[-4000:]
            raise RuntimeError(f"{' '.join(command)} exited {process.returncode}:\n{output}")
        cpu, peak = account.read().decode().split()
    # ru_maxrss is in KiB on Linux and in bytes on macOS.
    return Cost(float(cpu), wall, int(peak) * (1 if sys.platform == "darwin" else 1024) / 2**20)
