"""Landing the rules: the small Parquet tables in `landing/rules/` that the dbt project reads."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from finops_pipeline.rules.rule import Rule
from finops_pipeline.rules.ruleset import AllocationRules, normalized_keys
from finops_pipeline.rules.selection import as_json, charge_column

_TEXT_COLUMNS = (
    "rule",
    "step",
    "pool",  # the kind of pool the pipeline recognizes; null for a selection of its own
    "pool_kind",
    "driver",
    "basis",
    "driver_window",
    "idle_policy",
    "alternative",
    "commitment_benefit",
    "missing_policy",
    "service",
    # JSON from here on: dbt's macros read it, and a person can
    "conditions",
    "driver_of",
    "driver_by",
    "bounds",
    "payers",
    "owner",
    "shares",
    "weights",
    "model_weights",
)


def write_rule_tables(rules: AllocationRules, landing: Path) -> None:
    """Land the rules as `rules/{allocation_rules,owner_keys,settings}.parquet`.

    A file is replaced in one step, and only when its content changed: the same rules leave the same bytes and times.
    """
    version = rules.rule_version
    _write(
        landing / "rules" / "allocation_rules.parquet",
        pa.schema(
            [
                ("rule_order", pa.int32()),
                *((name, pa.string()) for name in (*_TEXT_COLUMNS, "rule_version")),
                ("valid_from", pa.date32()),
                ("valid_to", pa.date32()),
            ]
        ),
        [{"rule_order": order, **_row(rule), "rule_version": version} for order, rule in enumerate(rules.rules, 1)],
    )
    _write(
        landing / "rules" / "owner_keys.parquet",
        pa.schema([("consumer_column", pa.string()), ("tag_key", pa.string()), ("priority", pa.int32())]),
        [
            {"consumer_column": column, "tag_key": key, "priority": priority}
            for column, keys in sorted(rules.owner_tags.items())
            for priority, key in enumerate(normalized_keys(keys), start=1)
        ],
    )
    periods = [
        {"valid_to": period.valid_to and str(period.valid_to), "rule_version": period.rule_version}
        for period in rules.periods
    ]
    _write(
        landing / "rules" / "settings.parquet",
        pa.schema([("reporting_currency", pa.string()), ("rule_version", pa.string()), ("periods", pa.string())]),
        [
            {
                "reporting_currency": rules.reporting_currency,
                "rule_version": version,
                "periods": json.dumps(periods),
            }
        ],
    )


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "step": rule.kind_of_step,
        "pool": rule.pool,
        "pool_kind": rule.pool_kind,
        "driver": rule.driver,
        # what a workload did not use is told by telemetry, too: a way of reading it like the others
        "basis": f"{rule.basis}, unused shown" if rule.unused == "shown" else rule.basis,
        "driver_window": rule.window,
        "idle_policy": rule.idle,
        "alternative": rule.alternative,
        "commitment_benefit": rule.commitment_benefit,
        "missing_policy": rule.missing,
        "service": rule.service,
        "conditions": as_json(rule.select, rule.tags),
        "driver_of": json.dumps(rule.of, sort_keys=True),
        "driver_by": json.dumps({key: charge_column(name) for key, name in sorted(rule.by.items())}),
        "bounds": json.dumps([charge_column(name) for name in rule.within]),
        "payers": json.dumps(rule.payers),
        "owner": json.dumps(rule.owner, sort_keys=True),
        "shares": json.dumps(
            [{"consumer": share.consumer, "weight": int(share.percent * 1_000_000)} for share in rule.shares]
        ),
        "weights": json.dumps(_millionths(rule.weights)),
        "model_weights": json.dumps(
            {model.lower(): _millionths(weights) for model, weights in sorted(rule.model_weights.items())}
        ),
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
    }


def _millionths(weights: dict[str, Decimal]) -> dict[str, int]:
    return {name: int(weight * 1_000_000) for name, weight in sorted(weights.items())}


def _write(path: Path, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    partial.write_bytes(content)
    partial.replace(path)
