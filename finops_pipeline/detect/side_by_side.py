"""Judge blocks of series in processes of their own, one for each core.

Not by `multiprocessing`: its children import the module that the parent was started with, which is all of dbt in a run.
"""

import os
import pickle
import subprocess
import sys

import numpy as np

from finops_pipeline.detect.findings import news_of
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.walk import Past

_KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**31 - 1), "MALLOC_MMAP_THRESHOLD_": str(2**31 - 1)}
"""glibc gives memory back after every array and asks for it again: a seventh of the CPU (measured)."""


def in_processes(parts: list[tuple[Panel, Past]]) -> list[np.ndarray]:
    """The news of each part, judged in a process of its own."""
    command = [sys.executable, "-m", "finops_pipeline.detect.side_by_side"]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | _KEPT_MEMORY)
        for _ in parts
    ]
    found: list[np.ndarray] = []
    try:
        for part, process in zip(parts, started, strict=True):
            # a worker reads all before it answers, so that nobody waits for the other
            assert process.stdin is not None
            pickle.dump(part, process.stdin)
            process.stdin.close()
        for process in started:
            assert process.stdout is not None
            try:
                found.append(pickle.load(process.stdout))
            except EOFError:
                raise RuntimeError(
                    "a process that judges anomalies ended early: see above; often out of memory"
                ) from None
    finally:
        for process in started:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None and not pipe.closed:
                    pipe.close()
    return found


if __name__ == "__main__":
    pickle.dump(news_of(*pickle.load(sys.stdin.buffer)), sys.stdout.buffer)
