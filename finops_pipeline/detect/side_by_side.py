"""Judge blocks of series in processes of their own, one for each core.

Not by `multiprocessing`: its children import the module that the parent was started with, which is all of dbt in a run.
"""

import os
import pickle
import subprocess
import sys

from finops_pipeline.detect.findings import Finding, findings_of_block
from finops_pipeline.detect.panel import Panel

_KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**31 - 1), "MALLOC_MMAP_THRESHOLD_": str(2**31 - 1)}
"""glibc gives memory back after every array and asks for it again: a seventh of the CPU (measured)."""


def in_processes(blocks: list[Panel], workers: int) -> list[Finding]:
    """The findings of all blocks, in no order; the blocks are dealt out to as many processes as workers."""
    command = [sys.executable, "-m", "finops_pipeline.detect.side_by_side"]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | _KEPT_MEMORY)
        for _ in range(workers)
    ]
    found: list[Finding] = []
    try:
        for number, process in enumerate(started):
            # a worker reads all before it answers, so that nobody waits for the other
            assert process.stdin is not None
            pickle.dump(blocks[number::workers], process.stdin)
            process.stdin.close()
        for process in started:
            assert process.stdout is not None
            try:
                found += pickle.load(process.stdout)
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
    answer = [finding for block in pickle.load(sys.stdin.buffer) for finding in findings_of_block(block)]
    pickle.dump(answer, sys.stdout.buffer)
