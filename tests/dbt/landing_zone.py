"""A small landing zone made by hand: a few rows per table, landed through the same writer of declared columns, raw
totals and ledger as a real delivery. Which rows stand for which case is said in the tests.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from finops_pipeline.extract.amounts import raw_totals
from finops_pipeline.extract.datasets import DATASETS
from finops_pipeline.extract.declared import (
    NESTED_TABLES,
    declared_columns,
    json_shape,
    technical_columns,
    write_declared_columns,
)
from finops_pipeline.extract.deliveries import Delivery, LandedFile
from finops_pipeline.extract.ledger import update_ledger
from finops_pipeline.extract.usage_kinds import USAGE_KINDS, usage_columns
from finops_pipeline.resources.dbt import dbt_executable, parsed_target
from finops_pipeline.rules import load_rules, write_rule_tables
from finops_pipeline.settings import DBT_PROJECT_DIR
from finops_pipeline.side_files.amortization import Amortization, write_prepayment_table
from finops_pipeline.side_files.anomaly_feedback import AnomalyFeedback, write_feedback_table
from finops_pipeline.side_files.budgets import Budgets, write_budget_table
from finops_pipeline.side_files.datasets import DatasetCatalog, write_dataset_table
from finops_pipeline.side_files.fx_rates import FxRate, write_fx_table
from finops_pipeline.side_files.invoices import Invoices, write_invoice_table
from finops_pipeline.side_files.metrics import load_metrics, write_metric_tables
from finops_pipeline.side_files.ownership import Ownership, write_ownership_table
from finops_pipeline.side_files.tag_policy import TagPolicy, write_tag_policy_table
from finops_pipeline.side_files.vendors import write_vendor_table

Row = Mapping[str, Any]


class LandingZone:
    """The landing zone below a FINOPS_HOME, with every declared file, an empty ledger and the shipped rules."""

    def __init__(self, home: Path, fx_rates: tuple[FxRate, ...] = ()):
        self.home = home
        self.path = home / "landing"
        for table in DATASETS:
            write_declared_columns(self.path, table, declared_columns(table))
        for kind in USAGE_KINDS:
            write_declared_columns(self.path, kind, usage_columns(kind))
        update_ledger(self.path)
        write_rule_tables(load_rules(), self.path)
        write_metric_tables(load_metrics(), self.path)
        write_dataset_table(DatasetCatalog(), self.path)
        write_vendor_table({}, self.path)
        write_prepayment_table(Amortization(), self.path)
        write_ownership_table(Ownership(), self.path)
        write_feedback_table(AnomalyFeedback(), self.path)
        write_fx_table(fx_rates, self.path)
        write_budget_table(Budgets(), self.path)
        write_tag_policy_table(TagPolicy(), load_rules(), self.path)
        write_invoice_table(Invoices(), self.path)

    def land(self, table: str, source: str, rows: Iterable[Row], *, as_text: bool = False, **facts: Any) -> Delivery:
        """One delivery of a few rows; `as_text` lands them as CSV does."""
        lines = [dict(row) for row in rows]
        declared: dict[str, Any] = dict(declared_columns(table))
        if table in NESTED_TABLES:
            declared |= json_shape(table)
        types = {name.lower(): "VARCHAR" if as_text else type_ for name, type_ in declared.items()}
        # Only what was delivered is landed, as it was spelt; the declared file brings the other columns.
        shape = {name: types.get(name.lower(), "VARCHAR") for line in lines for name in line}
        with duckdb.connect() as connection:
            connection.execute("create table lines (x_row bigint, line json)")
            for number, line in enumerate(lines, start=1):
                connection.execute("insert into lines values (?, ?)", [number, json.dumps(line)])
            connection.execute(
                "create table delivered as select unnest(json_transform(line, ?)), x_row from lines order by x_row",
                [json.dumps(shape)],
            )
            return self._land(connection, table, source, **facts)

    def land_csv(self, table: str, source: str, file: Path, **facts: Any) -> Delivery:
        """One delivery of a whole CSV file, every column as text."""
        with duckdb.connect() as connection:
            connection.execute(
                "create table delivered as select *, row_number() over () as x_row"
                f" from read_csv('{file}', all_varchar = true, header = true, delim = ',', quote = '\"')"
            )
            return self._land(connection, table, source, **facts)

    def build(self, *models: str) -> None:
        """Build the normalized charges (or models after them) from this landing zone and run their data tests."""
        named = models or ("int_charges_attributed_to_owners",)
        selected = ["--select", *(f"+{model}" for model in named), "stg_delivery_totals"]
        self.dbt("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious", *selected)

    def dbt(self, *arguments: str) -> None:
        """Run a dbt command on this landing zone; fails in dbt's own words."""
        target = str(parsed_target(self.home / "target"))
        places = ["--profiles-dir", ".", "--target-path", target, "--log-path", target]
        environment = {
            **os.environ,
            "FINOPS_HOME": str(self.home),
            "FINOPS_NOW": "2026-11-03T06:00:00+00:00",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_LOG_LEVEL_FILE": "info",
        }
        done = subprocess.run(
            [dbt_executable(), *arguments, *places],
            cwd=DBT_PROJECT_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a query on the built warehouse, by column name."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            result = connection.execute(sql)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _land(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        source: str,
        *,
        period: str = "2026-10",
        variant: str = "",
        submitted_at: str = "2026-11-02T00:00:00",
        is_net: bool = False,
        number: int = 1,
    ) -> Delivery:
        delivery_id = f"{source}-{variant or 'run'}-{number}"
        relative = f"{table}/{source}/{period}/{delivery_id}/part-00000.parquet"
        part = self.path / relative
        part.parent.mkdir(parents=True)
        values = {
            "x_source_name": f"'{source}'",
            "x_billing_period": f"'{period}'",
            "x_delivery_id": f"'{delivery_id}'",
            "x_file": "'lines.csv'",
            "x_is_net": "true" if is_net else "false",
            "x_export_type": f"'{variant}'",
            "x_submitted_at": f"timestamp '{submitted_at}'",
        }
        added = [f"{values[name]} as {name}" for name in technical_columns(table) if name in values]
        connection.execute(
            f"copy (select * exclude (x_row), {', '.join(added)}, x_row from delivered) to '{part}' (format parquet)"
        )
        [(count,)] = connection.execute("select count(*) from delivered").fetchall()
        delivery = Delivery(
            table_name=table,
            source_name=source,
            provider=table.split("_")[0],
            dataset=table.partition("_")[2],
            variant=variant,
            billing_period=period,
            delivery_id=delivery_id,
            identity=delivery_id,
            status="live",
            rows=count,
            totals=raw_totals(connection, [part], DATASETS[table].components[variant], is_net),
            files=(LandedFile("lines.csv", part.stat().st_size, "etag", count, relative),),
            manifest="manifest.json",
            submitted_at=datetime.fromisoformat(submitted_at) if variant else None,
            previous_delivery_id=None,
            seen_at=datetime(2026, 11, 3, 6),
        )
        update_ledger(self.path, live=[delivery])
        return delivery
