"""The ledger: one live delivery per slot, an atomic swap, and deliveries that came back empty."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from finops_pipeline.extract import ledger
from finops_pipeline.extract.deliveries import Delivery, LandedFile, Total
from finops_pipeline.extract.ledger import (
    live_deliveries,
    read_deliveries,
    read_ledger,
    update_ledger,
)

DELIVERY = Delivery(
    table_name="aws_cur2",
    source_name="payer",
    provider="aws",
    dataset="cur2",
    variant="",
    billing_period="2026-10",
    delivery_id="one",
    identity="execution=1",
    status="live",
    rows=2,
    totals=(Total("USD", "billed", Decimal("12345678901234567890.123456789012345678"), Decimal("-4.9e-19")),),
    files=(LandedFile("s3://b/x.parquet", 10, "1/abc", 2, "aws_cur2/payer/2026-10/one/part-00000.parquet"),),
    manifest="/exports/manifest.json",
    submitted_at=datetime(2026, 10, 19, 4),
    previous_delivery_id=None,
    seen_at=datetime(2026, 10, 20, 6),
)


def successor(known: Delivery, delivery_id: str, rows: int) -> Delivery:
    return replace(known, delivery_id=delivery_id, rows=rows, previous_delivery_id=known.delivery_id)


def test_a_delivery_comes_back_as_it_was_written(tmp_path: Path):
    update_ledger(tmp_path, live=[DELIVERY])

    assert read_deliveries(tmp_path) == [DELIVERY]
    types = {field.name: str(field.type) for field in read_ledger(tmp_path).schema}
    assert types["seen_at"] == "timestamp[us]"
    assert "raw_cost: decimal128(38, 18), beyond_scale: decimal128(38, 37)" in types["totals"]


def test_before_the_first_delivery_the_ledger_has_no_rows_and_can_be_read(tmp_path: Path):
    assert read_deliveries(tmp_path) == []
    update_ledger(tmp_path)
    assert pq.read_table(tmp_path / "deliveries.parquet").num_rows == 0


def test_only_the_delivery_of_the_same_slot_is_superseded(tmp_path: Path):
    others = [
        replace(DELIVERY, billing_period="2026-09"),
        replace(DELIVERY, source_name="another"),
        replace(DELIVERY, variant="AmortizedCost"),
        replace(DELIVERY, table_name="aws_cur1"),
    ]
    update_ledger(tmp_path, live=[DELIVERY, *others])
    newer = successor(DELIVERY, "two", 3)
    update_ledger(tmp_path, live=[newer])

    assert read_deliveries(tmp_path) == [replace(DELIVERY, status="superseded"), *others, newer]
    assert live_deliveries(tmp_path, "aws_cur2") == [*others[:3], newer]


def test_a_swap_that_is_interrupted_leaves_the_ledger_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    update_ledger(tmp_path, live=[DELIVERY])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            update_ledger(tmp_path, live=[successor(DELIVERY, "two", 3)])

    assert read_deliveries(tmp_path) == [DELIVERY]
