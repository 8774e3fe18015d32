"""What every side file has in common: what is empty says nothing, and a fault is told in words of the file."""

from pathlib import Path

import pytest

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.rules import load_rules
from finops_pipeline.side_files.anomaly_feedback import load_anomaly_feedback
from finops_pipeline.side_files.budgets import Budgets, load_budgets
from finops_pipeline.side_files.invoices import load_invoices
from finops_pipeline.side_files.reading import load_side_file
from finops_pipeline.side_files.tag_policy import TagPolicy


@pytest.mark.parametrize("text", ["", "# version: 1\n", "version: 1\nbudgets:\n", "version: 1\nbudgets: []\n"])
def test_a_file_whose_every_line_is_a_comment_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "budgets.yaml").write_text(text)
    assert load_budgets(tmp_path / "finops.yaml", "USD") == Budgets()


FAULTS = {
    "keys:\n  - team\n": r"keys\[0\] \(line 2\) is 'team'; expected keys with values",
    "keys: team\n": r"keys \(line 1\) is 'team'; expected a list",
    "keys:\n  - {key: 7}\n": r"keys\[0\].key \(line 2\) is 7; expected some text",
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


_BUDGET = "budgets:\n  - {name: gpu, owner: ml, period: month, amount: 5"
_WAIVER = "waivers:\n  - {source: aws, period: 2026-10, currency: USD, reason: a credit, up_to: 5, until: 2026-12-31}\n"
_DIGITS = "expected digits alone, with at most six decimals"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "budgets.yaml",
            f"{_BUDGET}, ammount: 4}}",
            "ammount (line 2) is not a known key; allowed: name, owner, period",
        ),
        (
            "budgets.yaml",
            f"{_BUDGET}, warn_at: {{after: [5]}}}}",
            "(line 2) is not a known key; allowed: actual, forecast",
        ),
        ("budgets.yaml", f"{_BUDGET}, 2026: 5}}", "(line 2) is not a known key; allowed: name, owner"),
        ("budgets.yaml", f"{_BUDGET}, from: 2026-13}}", "from (line 2) is '2026-13'; expected a month such as 2026-10"),
        ("budgets.yaml", f"{_BUDGET}, from: 2026-10-01}}", "from (line 2) is 2026-10-01; expected a month such as"),
        ("budgets.yaml", f"{_BUDGET}, currency: dollars}}", "is 'dollars'; expected the code of a currency"),
        ("budgets.yaml", f"{_BUDGET}}}".replace("5", "-5"), f"amount (line 2) is '-5'; {_DIGITS}: 12500 or '12500.50'"),
        ("budgets.yaml", f"{_BUDGET}}}".replace("5", "'5,000'"), f"amount (line 2) is '5,000'; {_DIGITS}"),
        ("budgets.yaml", f"{_BUDGET}}}".replace("5", "true"), f"amount (line 2) is true; {_DIGITS}"),
        ("budgets.yaml", f"{_BUDGET}}}".replace("gpu", "GPU"), "name (line 2) is 'GPU'; expected lower-case letters"),
        ("budgets.yaml", f"{_BUDGET}}}".replace("ml", ""), "owner (line 2) is empty; expected some text"),
        ("budgets.yaml", f"{_BUDGET}}}".replace("ml", "''"), "owner (line 2) is ''; expected some text"),
        ("invoices.yaml", _WAIVER.replace("12-31", "02-30"), "until (line 2) is '2026-02-30'; expected a date such as"),
        ("invoices.yaml", _WAIVER.replace("2026-12-31", "soon"), "until (line 2) is 'soon'; expected a date such as"),
        ("invoices.yaml", _WAIVER.replace("a credit", "' '"), "reason (line 2) is ' '; expected some text"),
        ("invoices.yaml", _WAIVER.replace("5", "-5"), f"up_to (line 2) is '-5'; {_DIGITS}: 25 or '25.50'"),
        ("invoices.yaml", _WAIVER + _WAIVER.split("\n")[1], "waivers[1] (line 3) is listed a second time"),
        (
            "anomalies.yaml",
            "feedback:\n  - {id: 123456789012, verdict: expected}",
            "is 123456789012; expected an id in q",
        ),
        ("anomalies.yaml", "feedback:\n  - {id: a, verdict: fine}", "(line 2) is 'fine'; allowed: 'expected', 'not-an"),
        ("allocation.yaml", "version: 1\nrules:\n  - name: 2026-02-30\n", "allocation.yaml, line 3: rules.0"),
    ],
)
def test_a_fault_names_the_file_the_entry_and_what_is_allowed(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    load = {
        "budgets.yaml": lambda path: load_budgets(path, "USD"),
        "invoices.yaml": lambda path: load_invoices(path, ["aws"]),
        "anomalies.yaml": load_anomaly_feedback,
        "allocation.yaml": lambda path: load_rules(path.with_name(name)),
    }[name]
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "finops.yaml")
    message = str(caught.value)
    assert message.startswith(str(tmp_path / name))
    assert told in message
