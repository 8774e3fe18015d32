"""Counts in the texts of checks read like sentences, one or many."""

import pytest

from finops_pipeline.checks.outcome import CheckOutcome, Offender, counted, some_of


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (counted(0, "day"), "0 days"),
        (counted(1, "day"), "1 day"),
        (counted(1204, "anomaly"), "1,204 anomalies"),
        (counted(1, "place holds", "places hold"), "1 place holds"),
        (counted(2, "place holds", "places hold"), "2 places hold"),
        (some_of(0, 1, "budget", "has", "have"), "0 of 1 budgets have"),
        (some_of(1, 9, "delivery", "has", "have"), "1 of 9 deliveries has"),
        (some_of(2, 9, "limited key", "has", "have"), "2 of 9 limited keys have"),
    ],
)
def test_one_or_many(told, text):
    assert told == text


def test_a_page_begins_with_three_offenders_whatever_their_names_hold():
    names = ["a*b*", "<script>x</script>", "two\nlines [a](b)", "d", "e"]
    outcome = CheckOutcome("5 differ", "none", "Look.", [Offender(name, "1", "0") for name in names])
    assert outcome.summary().splitlines() == [
        "5 differ",
        "",
        r"- **a\*b\***: 1; expected 0",
        r"- **\<script>x\</script>**: 1; expected 0",
        r"- **two lines \[a](b)**: 1; expected 0",
        "- and 2 more",
        "",
        "**Next:** Look.",
    ]


def test_a_table_holds_names_of_any_kind_as_they_are():
    name = 'Löwe "a|b" \\|*c* <b>d</b> [e](f) `g`\r\nh'
    [*_, row] = CheckOutcome("1", "0", "Look.", [Offender(name, "1", "0")]).as_markdown().splitlines()
    assert row == '| Löwe "a\\|b" \\\\\\|\\*c\\* \\<b>d\\</b> \\[e](f) \\`g\\` h | 1 | 0 |'
