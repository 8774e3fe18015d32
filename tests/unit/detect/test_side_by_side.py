"""Many series are judged in processes of their own, and found is the same."""

import pytest

from benchmarks.anomaly_variations.__main__ import sample_world
from finops_pipeline.detect import findings
from finops_pipeline.detect.panel import panel_of


def test_processes_side_by_side_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(*sample_world("a", 3, share=0.1, late_share=0.3))
    alone = findings.findings_of(panel)
    monkeypatch.setattr(findings, "ALONE", 0)
    monkeypatch.setattr(findings, "BLOCK", 5)
    assert alone
    assert findings.findings_of(panel) == alone
