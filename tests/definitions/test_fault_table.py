"""The table of faults in the documentation names tests that exist, for each of the 33 faults."""

import re

import pytest

from finops_pipeline.settings import PROJECT_ROOT

TABLE = (PROJECT_ROOT / "docs" / "extraction.md").read_text()
ROWS = re.findall(r"^\| P(\d+) \| (.+?) \| (.+?) \| (.+?) \|$", TABLE, re.MULTILINE)


def test_every_fault_is_in_the_table_once_with_its_outcome():
    assert [int(number) for number, *_ in ROWS] == list(range(1, 34))
    for number, _, outcome, _ in ROWS:
        assert re.match(r"Right|Stays|Told", outcome), f"P{number}"


@pytest.mark.parametrize(("number", "tests"), [(number, tests) for number, _, _, tests in ROWS])
def test_a_faults_tests_exist(number: str, tests: str):
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", tests)
    assert named, f"P{number} is held by no test"
    for path, name in named:
        assert f"def {name}(" in (PROJECT_ROOT / "tests" / path).read_text(), f"P{number}: {path}::{name}"
