"""Other rules tried on the sample company: money moves between payers, the total and what is published do not."""

import os
import re
from pathlib import Path

from tests.conftest import Company

RULES = """version: 1
rules:
  - {name: gpu-clusters, pool: gpu_cluster, driver: gpu_hours, idle: spread}
  - {name: shared-storage, pool: bucket, driver: storage_bytes}
  - {name: support, select: {ServiceName: {contains: Support}}, driver: cost}
  - {name: tagged-owners, pool: owner, driver: direct}
"""


def test_idle_and_support_move_to_teams_and_the_total_stays(published_company: Company, tmp_path: Path):
    version = os.readlink(published_company.current)
    rules = tmp_path / "allocation.yaml"
    rules.write_text(RULES)
    finished = published_company.finops("allocation", "diff", str(rules), "--period", "2026-10")
    assert finished.exit_code == 0, finished.output
    assert "total changes by 0.000000000000000000 USD" in finished.output
    changes = dict(re.findall(r"^(.+?) {2,}[-\d,.]+ +[-\d,.]+ +([-+][\d,.]+) USD$", finished.output, re.MULTILINE))
    assert changes["idle, carried by nobody"].startswith("-")
    assert changes["unallocated"].startswith("-")
    assert changes["foundation"].startswith("+")
    assert os.readlink(published_company.current) == version
    assert not list(published_company.home.glob(".allocation-diff-*"))


def test_a_month_that_nobody_read_is_refused(published_company: Company, tmp_path: Path):
    rules = tmp_path / "allocation.yaml"
    rules.write_text(RULES)
    finished = published_company.finops("allocation", "diff", str(rules), "--period", "2020-01")
    assert finished.exit_code == 1
    assert "nothing of 2020-01" in finished.output
