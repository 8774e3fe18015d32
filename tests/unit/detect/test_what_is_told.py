"""Of thousands of findings the largest are told, and every fault of an account; the log says what is not."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from finops_pipeline.detect.anomalies import KEPT, _worth_looking_into, is_withdrawn, settled
from finops_pipeline.detect.findings import Finding
from finops_pipeline.detect.series import Series


def found(number: int, scope: str, kind: str, impact: float) -> tuple[Series, Finding, int]:
    series = Series(scope, "cost", "aws", "AWS", None, f"{scope}-{number}", "USD")
    day = np.datetime64("2026-10-01")
    finding = Finding(
        f"{number:09d}", day, day + 1, kind, "cost", "up", impact, 0.0, 0.0, 0.0, impact, 1.5
    )  # fmt: skip
    return series, finding, 100


def test_the_largest_and_every_fault_of_an_account_are_told(caplog: pytest.LogCaptureFixture) -> None:
    many = [found(n, "sku", "spike", 10.0 + n) for n in range(KEPT + 20)]
    small = found(9999, "account", "missing", 1.0)
    with caplog.at_level(logging.WARNING):
        kept = _worth_looking_into([*many, small])
    assert small in kept
    assert len(kept) == KEPT + 1
    assert min(f.impact for s, f, _ in kept if s.scope == "sku") == 30.0
    assert "20 findings" in caplog.text


def test_fewer_findings_are_all_told_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    few = [found(n, "sku", "spike", 10.0 + n) for n in range(3)]
    assert len(_worth_looking_into(few)) == 3
    assert not caplog.text


def test_what_a_day_costs_by_now_is_what_is_told_of_it_and_a_spike_that_is_none_any_more_is_not() -> None:
    _, early, _ = found(1, "sku", "spike", 60.0)
    early = replace(early, expected=50.0, impact=10.0)
    late = settled(early, 90.0)
    assert (late.observed, late.impact, is_withdrawn(late)) == (90.0, 40.0, False)
    assert is_withdrawn(settled(early, 49.0))
    # of what lasts, one day may well lie on the other side
    assert not is_withdrawn(settled(replace(early, kind="step"), 49.0))
    gone = replace(early, kind="missing", observed=None, impact=-50.0)
    assert settled(gone, float("nan")) == gone


def test_credits_that_grow_are_a_spike_too() -> None:
    _, credit, _ = found(1, "sku", "spike", -60.0)
    assert not is_withdrawn(replace(credit, direction="down"))
