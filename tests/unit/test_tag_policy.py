"""tag_policy.yaml: what is accepted, what is refused and with which words, and the table it is landed as."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.rules import load_rules
from finops_pipeline.side_files.tag_policy import load_tag_policy, write_tag_policy_table


def landed(folder: Path, text: str | None = None) -> dict[str, dict]:
    if text is not None:
        (folder / "tag_policy.yaml").write_text(f"version: 1\n{text}")
    write_tag_policy_table(load_tag_policy(folder / "finops.yaml"), load_rules(), folder)
    return {row["tag_key"]: row for row in pq.read_table(folder / "rules" / "tag_policy.parquet").to_pylist()}


def test_without_a_file_the_coverage_of_teams_is_measured_and_nothing_is_asked_for(tmp_path: Path) -> None:
    rows = landed(tmp_path)
    assert [(key, row["is_required"], row["floor_percent"]) for key, row in rows.items()] == [("team", False, None)]


def test_a_key_is_found_under_the_spellings_of_the_allocation_rules_or_under_its_own(tmp_path: Path) -> None:
    rows = landed(
        tmp_path, "keys:\n  - {key: team}\n  - {key: Data-Class, values: [a]}\n  - {key: x, accepts: [Y y]}\n"
    )
    assert rows["team"]["accepted_keys"] == ["team", "squad", "ownerteam", "teamname"]
    assert rows["Data-Class"]["accepted_keys"] == ["dataclass"]
    assert rows["x"]["accepted_keys"] == ["yy"]
    assert rows["Data-Class"]["allowed_values"] == ["a"]


def test_an_owner_column_is_known_in_any_spelling_so_that_its_limit_reaches_the_report_by_owner(tmp_path: Path) -> None:
    rows = landed(tmp_path, "keys:\n  - {key: Team, max_values: 9}\n  - {key: Business-Unit, accepts: [bu]}\n")
    assert {key: row["max_values"] for key, row in rows.items()} == {"team": 9, "business_unit": None}
    assert rows["team"]["accepted_keys"] == ["team", "squad", "ownerteam", "teamname"]
    assert rows["business_unit"]["accepted_keys"] == ["bu"]


def test_only_required_keys_have_a_floor(tmp_path: Path) -> None:
    rows = landed(tmp_path, "coverage_floor_percent: 90\nkeys:\n  - {key: a}\n  - {key: b, required: false}\n")
    assert [row["floor_percent"] for row in rows.values()] == [90, None]


def test_the_same_policy_leaves_the_same_bytes(tmp_path: Path) -> None:
    landed(tmp_path, "keys:\n  - {key: a, max_values: 3}\n")
    before = (tmp_path / "rules" / "tag_policy.parquet").read_bytes()
    landed(tmp_path)
    assert (tmp_path / "rules" / "tag_policy.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keys:\n  - {key: a, max_values: 0}\n", r"keys\[0\].max_values \(line 3\) is 0"),
        ("keys:\n  - {key: a, mandatory: true}\n", r"keys\[0\].mandatory \(line 3\) is not a known key"),
        ("coverage_floor_percent: 101\n", r"coverage_floor_percent \(line 2\) is 101"),
        ("keys:\n  - {key: a}\n  - {key: a}\n", r"keys\[1\].key \(line 4\) is 'a', which is listed before"),
        ("keys:\n  - {key: a-b}\n  - {key: A_B}\n", r"is 'A_B', which is listed before, in this spelling or another"),
        ("keys:\n  - {key: ''}\n", r"keys\[0\].key \(line 3\) is ''; expected some text"),
        ("keys:\n  - {values: [a]}\n", r"keys\[0\].key \(line 3\) is missing"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        landed(tmp_path, text)
