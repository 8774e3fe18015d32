"""A small landing zone made by hand: a few rows per table, landed through the same writer of declared columns, raw
totals and ledger as a real delivery. Which rows stand for which case is said in the tests.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from finops_pipeline.extract.amounts import raw_totals
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.declared import declared_columns, json_shape, write_declared_columns
from finops_pipeline.extract.deliveries import Delivery, LandedFile
from finops_pipeline.extract.ledger import update_ledger
from finops_pipeline.extract.usage_kinds import USAGE_KINDS, usage_columns
from finops_pipeline.rules import load_rules, write_rule_tables

Row = Mapping[str, Any]


class LandingZone:
    """The landing zone below a FINOPS_HOME, with every declared file, an empty ledger and the shipped rules."""

    def __init__(self, home: Path):
        self.home = home
        self.path = home / "landing"
        for table in DATASETS:
            write_declared_columns(self.path, table, declared_columns(table))
        for kind in USAGE_KINDS:
            write_declared_columns(self.path, kind, usage_columns(kind))
        update_ledger(self.path)
        write_rule_tables(load_rules(), self.path)

    def land(
        self,
        table: str,
        source: str,
        period: str,
        rows: Iterable[Row],
        *,
        variant: str = "",
        delivery_id: str = "d1",
        submitted_at: str = "2026-11-02T00:00:00",
        is_net: bool = False,
    ) -> Delivery:
        """One delivery of one file. Text stands for every type; columns that a row leaves out are null."""
        relative = f"{table}/{source}/{period}/{delivery_id}/part-00000.parquet"
        part = self.path / relative
        part.parent.mkdir(parents=True, exist_ok=True)
        facts = {
            "x_source_name": source,
            "x_billing_period": period,
            "x_delivery_id": delivery_id,
            "x_file": "lines.csv",
            "x_is_net": is_net,
            "x_export_type": variant,
            "x_submitted_at": submitted_at,
        }
        landed = [{**row, **facts, "x_row": number} for number, row in enumerate(rows, start=1)]
        count = _write_rows(table, landed, part)
        submitted = datetime.fromisoformat(submitted_at) if variant else None
        with duckdb.connect() as connection:
            totals = raw_totals(connection, [part], DATASETS[table].components[variant], is_net)
        delivery = Delivery(
            table_name=table,
            source_name=source,
            provider=table.split("_")[0],
            dataset=table.partition("_")[2],
            variant=variant,
            billing_period=period,
            delivery_id=delivery_id,
            identity=f"{source} {period} {delivery_id}",
            status="live",
            rows=count,
            totals=totals,
            files=(LandedFile("lines.csv", part.stat().st_size, "etag", count, relative),),
            manifest="manifest.json",
            submitted_at=submitted,
            previous_delivery_id=None,
            seen_at=datetime(2026, 11, 3, 6),
        )
        update_ledger(self.path, live=[delivery])
        return delivery


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on the built warehouse."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def one_row(home: Path, sql: str) -> dict[str, Any]:
    """The only row of a query on the built warehouse, by column name."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        result = connection.execute(sql)
        names = [column[0] for column in result.description or ()]
        [row] = result.fetchall()
    return dict(zip(names, row, strict=True))


def money(text: str) -> Decimal:
    """An amount as the warehouse holds it."""
    return Decimal(text).quantize(Decimal(1).scaleb(-18))


def _write_rows(table: str, rows: list[dict[str, Any]], part: Path) -> int:
    columns = declared_columns(table)
    tags = {name for row in rows for name in row if name not in columns and not name.startswith("x_")}
    shape: dict[str, Any] = {name: type_ for name, type_ in columns.items()} | dict.fromkeys(sorted(tags), "VARCHAR")
    if table == "gcp_detailed":
        shape |= json_shape(table)
    lines = [{name: value for name, value in row.items() if name in shape} for row in rows]
    with duckdb.connect() as connection:
        connection.execute("create table lines (line json)")
        connection.executemany("insert into lines values (?)", [[json.dumps(line)] for line in lines])
        connection.execute(
            "create table landed as select unnest(json_transform(line, ?)) from lines",
            [json.dumps(shape)],
        ) if lines else connection.execute(_empty_table(shape))
        connection.execute(f"copy landed to '{part}' (format parquet)")
    return len(lines)


def _empty_table(shape: dict[str, Any]) -> str:
    columns = ", ".join(f'cast(null as varchar) as "{name}"' for name in shape)
    return f"create table landed as select {columns} limit 0"
