"""The ledger: one live delivery per slot, an atomic swap, and deliveries that came back empty."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract import ledger
from finops_pipeline.extract.deliveries import Delivery, LandedFile, Total
from finops_pipeline.extract.ledger import (
    live_deliveries,
    read_deliveries,
    read_rows,
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
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "deliveries.parquet")}
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


def test_what_was_written_is_known_as_another_process_reads_it(tmp_path: Path):
    first = replace(DELIVERY, totals=(Total("USD", "billed", Decimal("0.10"), Decimal(0)),))
    others = [replace(DELIVERY, billing_period=f"2026-0{month}") for month in range(1, 10)]
    newer = successor(DELIVERY, "two", 3)
    touched = replace(others[4], files=(replace(others[4].files[0], etag="2/abc"),), manifest="/exports/again.json")
    update_ledger(tmp_path, live=[first, *others])
    update_ledger(tmp_path, live=[newer])
    update_ledger(tmp_path, sighted=[touched], removed=[others[7]])
    # One that was superseded comes back: it has one row all the same, its newest.
    update_ledger(tmp_path, live=[replace(first, seen_at=datetime(2026, 10, 22, 6))])

    known = (read_rows(tmp_path), read_deliveries(tmp_path))
    assert known[0] == pq.read_table(tmp_path / "deliveries.parquet").to_pylist()
    ledger._last.clear()
    assert known == (read_rows(tmp_path), read_deliveries(tmp_path))
    assert [(d.billing_period, d.delivery_id, d.status) for d in known[1]] == [
        *((d.billing_period, "one", "removed" if d is others[7] else "live") for d in others),
        ("2026-10", "two", "superseded"),
        ("2026-10", "one", "live"),
    ]
    assert touched in known[1]


def test_a_ledger_that_another_process_swaps_is_read_anew(tmp_path: Path):
    update_ledger(tmp_path, live=[DELIVERY])
    rows = pq.read_table(tmp_path / "deliveries.parquet").to_pylist()
    other = pa.Table.from_pylist([{**rows[0], "rows": 7}], schema=ledger.SCHEMA)
    pq.write_table(other, tmp_path / "swapped.parquet")
    (tmp_path / "swapped.parquet").replace(tmp_path / "deliveries.parquet")

    assert [row["rows"] for row in read_rows(tmp_path)] == [7]
    assert read_deliveries(tmp_path) == [replace(DELIVERY, rows=7)]


def test_a_damaged_ledger_is_told_with_what_to_do(tmp_path: Path):
    (tmp_path / ledger.LEDGER_FILE).write_bytes(b"PAR1 and no more")

    with pytest.raises(DeliveryError) as error:
        read_deliveries(tmp_path)

    assert f"{tmp_path}/deliveries.parquet cannot be read" in str(error.value)
    assert f"Restore it from a backup; or move {tmp_path} away" in str(error.value)


def test_a_swap_that_is_interrupted_leaves_the_ledger_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    update_ledger(tmp_path, live=[DELIVERY])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            update_ledger(tmp_path, live=[successor(DELIVERY, "two", 3)])

    assert read_deliveries(tmp_path) == [DELIVERY]
