"""The fingerprint changes when an input does, and says which; nothing else changes it."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finops_pipeline.errors import FinopsError
from finops_pipeline.fingerprint import (
    compute_fingerprint,
    forget_warehouse_inputs,
    note_warehouse_inputs,
    read_warehouse_inputs,
)
from finops_pipeline.settings import Settings

DELIVERY = {
    "table_name": "aws_cur2",
    "source_name": "aws-payer",
    "provider": "aws",
    "variant": "",
    "billing_period": "2026-10",
    "delivery_id": "d1",
    "identity": "execution 1",
    "rows": 10,
    "status": "live",
    "seen_at": datetime(2026, 11, 1, 6),
}
FEED = {**DELIVERY, "table_name": "gpu_hours", "source_name": "gpu-pods", "provider": "usage"}


class Inputs:
    """A landing zone, a dbt project and a package of its own, to be changed one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime(2026, 11, 3, 6, tzinfo=UTC)
        self.configuration = {
            "reporting_currency": "USD",
            "sources": [{"name": "aws-payer", "uri": "file:///a"}],
            "usage": [{"name": "gpu-pods", "kind": "gpu_hours", "uri": "file:///g/*.csv"}],
            "fx_rates": "file:///rates.csv",
        }
        self.write("dbt/models/a.sql", "select 1")
        self.write("dbt/seeds/owners.csv", "a,b")
        self.write("package/checks/a.py", "x = 1")
        self.ledger([DELIVERY, FEED])
        self.rules([{"rule": "gpu-clusters", "rule_order": 1}, {"rule": "owners", "rule_order": 2}])
        self.side_table("fx_rates", [{"day": "2026-10-01", "rate": "1.1"}])

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def ledger(self, rows: list[dict]) -> None:
        (self.folder / "home/landing/rules").mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), self.folder / "home/landing/deliveries.parquet")

    def rules(self, rows: list[dict]) -> None:
        self.side_table("allocation_rules", rows)

    def side_table(self, name: str, rows: list[dict]) -> None:
        pq.write_table(pa.Table.from_pylist(rows), self.folder / f"home/landing/rules/{name}.parquet")

    def fingerprint(self):
        home = self.folder / "home"
        settings = Settings(home=home, config_path=home, now=self.now, dagster_home=home)
        return compute_fingerprint(
            settings,
            self.configuration,
            dbt_project_dir=self.folder / "dbt",
            package_dir=self.folder / "package",
        )


@pytest.fixture
def inputs(tmp_path):
    return Inputs(tmp_path)


_AFTERWARDS = "feedback, invoices and metrics"

CHANGES: dict[str, tuple[str, Callable[[Inputs], None]]] = {
    "a restated bill": ("deliveries", lambda i: i.ledger([{**DELIVERY, "identity": "execution 2"}, FEED])),
    "a bill of another month": (
        "deliveries",
        lambda i: i.ledger([DELIVERY, {**DELIVERY, "billing_period": "2026-11"}, FEED]),
    ),
    "a bill that does not count any more": (
        "deliveries",
        lambda i: i.ledger([{**DELIVERY, "status": "removed"}, FEED]),
    ),
    "a corrected feed": ("usage feeds", lambda i: i.ledger([DELIVERY, {**FEED, "identity": "other content"}])),
    "a changed rule": ("rules", lambda i: i.rules([{"rule": "gpu-clusters", "rule_order": 1}])),
    "rules in another order": (
        "rules",
        lambda i: i.rules([{"rule": "owners", "rule_order": 2}, {"rule": "gpu-clusters", "rule_order": 1}]),
    ),
    "another reporting currency": ("configuration", lambda i: i.configuration.update(reporting_currency="EUR")),
    "another budget": ("budgets and tag policy", lambda i: i.side_table("budgets", [{"name": "all-ai"}])),
    "another fiscal year": (
        "budgets and tag policy",
        lambda i: i.side_table("fiscal_year", [{"fiscal_offset_months": 3}]),
    ),
    "another limit of tags": (
        "budgets and tag policy",
        lambda i: i.side_table("tag_policy", [{"tag_key": "team", "max_values": 9}]),
    ),
    "another exchange rate": ("exchange rates", lambda i: i.side_table("fx_rates", [{"rate": "1.2"}])),
    "the rate of another day": (
        "exchange rates",
        lambda i: i.side_table("fx_rates", [{"day": "2026-10-01", "rate": "1.1"}, {"day": "2026-10-02"}]),
    ),
    "an acknowledged anomaly": (_AFTERWARDS, lambda i: i.side_table("anomaly_feedback", [{"anomaly_id": "a"}])),
    "an invoice": (_AFTERWARDS, lambda i: i.side_table("invoices", [{"cost": "1"}])),
    "a metric": (_AFTERWARDS, lambda i: i.side_table("metrics", [{"name": "cost_per_user"}])),
    "a model's alternative": (_AFTERWARDS, lambda i: i.side_table("model_alternatives", [{"model": "m"}])),
    "a changed model": ("dbt project", lambda i: i.write("dbt/models/a.sql", "select 2")),
    "a new model": ("dbt project", lambda i: i.write("dbt/models/b.sql", "select 1")),
    "a model that is gone": ("dbt project", lambda i: (i.folder / "dbt/models/a.sql").unlink()),
    "a changed seed": ("dbt project", lambda i: i.write("dbt/seeds/owners.csv", "a,c")),
    "changed code": ("code", lambda i: i.write("package/checks/a.py", "x = 2")),
    "the next month": ("open month", lambda i: setattr(i, "now", datetime(2026, 12, 1, tzinfo=UTC))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_input_changes_the_fingerprint_and_is_named(inputs, change):
    before = inputs.fingerprint()
    part, make = CHANGES[change]
    make(inputs)
    after = inputs.fingerprint()
    assert after.digest != before.digest
    assert after.changes_since(before.parts) == [part]


@pytest.mark.parametrize("change", CHANGES)
def test_charges_of_a_delivery_are_made_otherwise_by_rules_configuration_and_code_alone(inputs, change):
    before = inputs.fingerprint()
    part, make = CHANGES[change]
    make(inputs)
    changed = inputs.fingerprint().made_with != before.made_with
    assert changed == (part in {"rules", "configuration", "dbt project", "code", "engines"})


NO_CHANGES: dict[str, Callable[[Inputs], None]] = {
    "another order of the ledger": lambda i: i.ledger([FEED, DELIVERY]),
    "a superseded delivery": lambda i: i.ledger(
        [{**DELIVERY, "status": "superseded", "identity": "0"}, DELIVERY, FEED]
    ),
    "a later sighting of the same delivery": lambda i: i.ledger(
        [{**DELIVERY, "seen_at": datetime(2026, 11, 2, 6)}, FEED]
    ),
    "a source that moved to another folder": lambda i: i.configuration["sources"][0].update(uri="file:///b"),
    "another hour of the same month": lambda i: setattr(i, "now", datetime(2026, 11, 4, 9, tzinfo=UTC)),
    "a touched file": lambda i: os.utime(i.folder / "dbt/models/a.sql", (1, 1)),
    "what dbt writes": lambda i: i.write("dbt/target/manifest.json", "{}"),
    "compiled Python": lambda i: i.write("package/__pycache__/a.cpython-311.pyc", "x"),
    "the sample company's generator": lambda i: i.write("package/sample/write.py", "x"),
}


@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_changes_no_mart_does_not_change_the_fingerprint(inputs, change):
    before = inputs.fingerprint()
    NO_CHANGES[change](inputs)
    assert inputs.fingerprint() == before


def test_fingerprint_of_an_empty_home_can_be_taken(tmp_path):
    inputs = Inputs(tmp_path)
    (tmp_path / "home/landing/deliveries.parquet").unlink()
    assert inputs.fingerprint().digest


def test_inputs_of_the_warehouse_are_kept_beside_it_until_the_next_build_begins(inputs, tmp_path):
    fingerprint = inputs.fingerprint()
    note_warehouse_inputs(tmp_path, fingerprint)
    assert read_warehouse_inputs(tmp_path) == {"fingerprint": fingerprint.digest, "inputs": dict(fingerprint.parts)}
    forget_warehouse_inputs(tmp_path)
    with pytest.raises(FinopsError, match="No completed build"):
        read_warehouse_inputs(tmp_path)
