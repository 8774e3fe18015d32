"""Which months the history bench writes."""

from datetime import date

from benchmarks.history import months_up_to


def test_months_are_consecutive_over_the_turn_of_a_year():
    assert months_up_to(date(2026, 2, 1), 4) == ["2025-11", "2025-12", "2026-01", "2026-02"]
