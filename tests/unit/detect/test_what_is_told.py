"""Of thousands of findings the largest are told, and every fault of an account; the log says what is not."""

import logging

import numpy as np
import pytest

from finops_pipeline.detect.anomalies import KEPT, _worth_looking_into
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
