"""Findings of one day are one anomaly where they are one fault, named so that later mornings do not rename it."""

import json
from decimal import Decimal

import numpy as np

from finops_pipeline.detect.drivers_text import drivers_text
from finops_pipeline.detect.findings import Finding
from finops_pipeline.detect.incidents import Told, incidents
from finops_pipeline.detect.series import Series

DAY = np.datetime64("2026-10-01")


def gone(scope: str, entity: str, impact: float, *, provider: str = "AWS", seen: int = 1, kind: str = "zero") -> Told:
    source = "payer" if scope == "account" else None
    series = Series(scope, "cost", source, provider if scope in ("sku", "service") else None, None, entity, "USD")
    finding = Finding(
        entity, DAY, DAY + seen, kind, kind, "down", None, -impact, 0.0, 0.0, impact, 9.0
    )  # fmt: skip
    return Told(series, finding, 100, [], [], [])


def test_what_two_providers_stop_on_one_day_are_two_anomalies() -> None:
    found = [gone("sku", "queue", -50), gone("sku", "call", -60, provider="Google Cloud"), gone("sku", "topic", -40)]
    assert sorted((head.series.entity, len(head.also)) for head in incidents(found)) == [("call", 0), ("queue", 1)]


def test_a_day_that_a_source_lacks_is_one_anomaly_of_the_account_that_was_seen_first_with_the_money_of_all() -> None:
    first = [gone("account", name, -impact, kind="missing") for name, impact in (("a", 5), ("b", 70), ("c", 9))]
    [head] = incidents(first)
    assert head.series.entity == "b"
    later = [gone("account", name, -900, kind="missing", seen=2) for name in "defghi"]
    [still] = incidents([*first, *later])
    assert still.anomaly_id == head.anomaly_id
    accounts = json.loads(drivers_text(still, []))["accounts"]
    assert (accounts["count"], Decimal(accounts["impact"])) == (9, Decimal(-84 - 6 * 900))
    [alone] = incidents(first[:1])
    assert json.loads(drivers_text(alone, []))["accounts"] is None
