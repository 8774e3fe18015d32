"""What every side file has in common: what is empty says nothing, and a fault is told in words of the file."""

from pathlib import Path

import pytest

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.budgets import Budgets, load_budgets
from finops_pipeline.side_files.reading import load_side_file
from finops_pipeline.side_files.tag_policy import TagPolicy


@pytest.mark.parametrize("text", ["", "# version: 1\n", "version: 1\nbudgets:\n", "version: 1\nbudgets: []\n"])
def test_a_file_whose_every_line_is_a_comment_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "budgets.yaml").write_text(text)
    assert load_budgets(tmp_path / "finops.yaml", "USD") == Budgets()


FAULTS = {
    "keys:\n  - team\n": r"keys\[0\] \(line 2\) is 'team'; expected keys with values",
    "keys: team\n": r"keys \(line 1\) is 'team'; expected a list",
    "keys:\n  - {key: 7}\n": r"keys\[0\].key \(line 2\) is 7; expected text",
    "keys:\n  - {key: team, required: 'no'}\n": r"is 'no'; expected true or false",
    "keys:\n  - {key: team, values: []}\n": r"values \(line 2\) is \[\]; expected at least 1 of them",
    "keys:\n  - {key: team, max_values: 0}\n": r"is 0; expected more than 0",
    "keys:\n  - {key: team, max_values: few}\n": r"is 'few'; expected a whole number",
    "coverage_floor_percent: 101\n": r"is 101; expected at most 100",
    "coverage_floor_percent: -1\n": r"is -1; expected at least 0",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_in_words_of_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tag_policy.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=FAULTS[text]):
        load_side_file(path, TagPolicy, lists=("keys",))
