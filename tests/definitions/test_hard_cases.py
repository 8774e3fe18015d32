"""The tables of hard cases in the documentation name worked examples that exist, and leave none of them out."""

import re

import pytest
import yaml

from finops_pipeline.settings import DBT_PROJECT_DIR, PROJECT_ROOT
from tests.dbt.accounting_cases import CASES

PAGE = (PROJECT_ROOT / "docs" / "normalization.md").read_text()
ROWS = re.findall(r"^\| (?!case \|)([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
UNIT_TESTS = {
    test["name"]
    for file in (DBT_PROJECT_DIR / "models/intermediate/normalize").glob("*unit_tests.yml")
    for test in yaml.safe_load(file.read_text())["unit_tests"]
}


def test_the_page_has_a_row_for_each_worked_example():
    assert len(ROWS) >= 29
    named = {name for _, _, held_by in ROWS for name in re.findall(r"case `([\w-]+)`", held_by)}
    assert named == set(CASES)


@pytest.mark.parametrize(("case", "held_by"), [(case, held_by) for case, _, held_by in ROWS])
def test_a_hard_case_is_held_by_examples_that_exist(case: str, held_by: str):
    units, cases = re.findall(r"unit `(\w+)`", held_by), re.findall(r"case `([\w-]+)`", held_by)
    tests = re.findall(r"test `([\w/]+\.py)::(\w+)`", held_by)
    assert units or cases or tests, case
    assert set(units) <= UNIT_TESTS
    assert set(cases) <= set(CASES)
    for path, name in tests:
        assert f"def {name}(" in (PROJECT_ROOT / "tests" / path).read_text(), f"{path}::{name}"
