"""Counts in the texts of checks read like sentences, one or many."""

import pytest

from finops_pipeline.checks.outcome import counted, some_of


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
