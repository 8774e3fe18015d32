"""A small bill and small usage feeds, put where dbt expects normalized charges, and the ledger built from them.

Only for tests of the allocation models: nothing here is extracted or normalized.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from finops_pipeline.resources.dbt import parsed_target
from finops_pipeline.rules import AllocationRules, load_rules, write_rule_tables
from finops_pipeline.settings import DBT_PROJECT_DIR
from finops_pipeline.side_files.amortization import Amortization, write_prepayment_table
from finops_pipeline.side_files.anomaly_feedback import AnomalyFeedback, write_feedback_table
from finops_pipeline.side_files.budgets import Budgets, write_budget_table
from finops_pipeline.side_files.datasets import DatasetCatalog, write_dataset_table
from finops_pipeline.side_files.fx_rates import FxRate, write_fx_table
from finops_pipeline.side_files.invoices import Invoices, write_invoice_table
from finops_pipeline.side_files.metrics import Metrics, load_metrics, write_metric_tables
from finops_pipeline.side_files.tag_policy import TagPolicy, write_tag_policy_table

CONSUMERS = (
    "team", "project", "environment", "model_name", "model_version", "workload", "workload_type", "dataset", "customer",
    "run_id", "business_unit", "cost_center", "owner",
)  # fmt: skip

CHARGE_COLUMNS = {
    "source_name": "varchar", "provider": "varchar", "landed_table": "varchar", "is_delivered_as_focus": "boolean",
    "delivery_id": "varchar", "charge_id": "varchar",
    "landed_file": "varchar", "landed_row": "bigint", "billing_account_id": "varchar",
    "billing_account_name": "varchar", "billing_account_type": "varchar", "sub_account_id": "varchar",
    "sub_account_name": "varchar", "sub_account_type": "varchar", "billing_currency": "varchar",
    "billing_period": "varchar", "billing_period_start": "timestamp", "billing_period_end": "timestamp",
    "charge_period_start": "timestamp", "charge_period_end": "timestamp", "charge_date": "date",
    "charge_category": "varchar", "charge_class": "varchar", "charge_description": "varchar",
    "charge_frequency": "varchar", "charge_origin": "varchar", "pricing_category": "varchar",
    "pricing_quantity": "decimal(38,18)", "pricing_unit": "varchar", "consumed_quantity": "decimal(38,18)",
    "consumed_unit": "varchar", "list_unit_price": "decimal(38,18)", "contracted_unit_price": "decimal(38,18)",
    "list_cost": "decimal(38,18)", "contracted_cost": "decimal(38,18)", "billed_cost": "decimal(38,18)",
    "effective_cost": "decimal(38,18)", "commitment_discount_id": "varchar", "commitment_discount_name": "varchar",
    "commitment_discount_category": "varchar", "commitment_discount_type": "varchar",
    "commitment_discount_status": "varchar", "commitment_discount_quantity": "decimal(38,18)",
    "commitment_discount_unit": "varchar", "capacity_reservation_id": "varchar",
    "capacity_reservation_status": "varchar", "service_category": "varchar", "service_subcategory": "varchar",
    "service_name": "varchar", "service_provider_name": "varchar", "host_provider_name": "varchar",
    "publisher_name": "varchar", "invoice_issuer_name": "varchar", "invoice_id": "varchar", "region_id": "varchar",
    "region_name": "varchar", "availability_zone": "varchar", "resource_id": "varchar", "resource_name": "varchar",
    "resource_type": "varchar", "sku_id": "varchar", "sku_price_id": "varchar", "sku_meter": "varchar",
    "sku_price_details": "varchar", "delivered_provider_name": "varchar", "invoice_issuer_legal_name": "varchar",
    "commitment_program_eligibility_details": "varchar", "contract_applied": "varchar",
    "invoice_detail_id": "varchar", "pricing_currency": "varchar",
    "pricing_currency_list_unit_price": "decimal(38,18)",
    "pricing_currency_contracted_unit_price": "decimal(38,18)",
    "pricing_currency_effective_cost": "decimal(38,18)", "allocated_method_id": "varchar",
    "allocated_method_details": "varchar", "allocated_resource_id": "varchar",
    "allocated_resource_name": "varchar", "allocated_tags": "varchar", "raw_values": "varchar",
    "tags": "map(varchar, varchar)", "cost_layer": "varchar", "cluster": "varchar",
    "node_pool": "varchar", "attached_machine": "varchar", "gpu_model": "varchar", "gpu_count": "integer",
    "gpu_hours": "decimal(38,18)",
    "capacity_type": "varchar", "is_cluster_machine": "boolean", "bucket": "varchar", "storage_class": "varchar",
    "storage_measure": "varchar", "billed_byte_hours": "decimal(38,18)", "model_id": "varchar",
    "model_family": "varchar", "token_direction": "varchar", "token_cache_action": "varchar",
    "token_count": "decimal(38,18)", "team": "varchar", "project": "varchar", "environment": "varchar",
    "model_name": "varchar", "workload_type": "varchar", "business_unit": "varchar", "owner": "varchar",
    "cost_center": "varchar", "dataset": "varchar", "owner_source": "varchar",
}  # fmt: skip
"""int_charges_attributed_to_owners, as the allocation models read it."""

PAIR_COLUMNS = {
    "source_name": "varchar", "billing_period": "varchar", "billing_currency": "varchar",
    "on_demand_export": "varchar", "pairing_difference": "decimal(38,18)", "is_unequal_pair": "boolean",
}  # fmt: skip
"""int_azure__exports_paired, as the ledger reads it."""

SPLIT_COLUMNS = {
    "usage_start": "timestamp", "usage_end": "timestamp", "cluster": "varchar", "node": "varchar",
    "workload": "varchar", "team": "varchar", "project": "varchar", "environment": "varchar", "model_name": "varchar",
    "workload_type": "varchar", "dataset": "varchar", "business_unit": "varchar", "cost_center": "varchar",
    "owner": "varchar", "gpu_hours_requested": "decimal(38,18)", "gpu_hours_used": "decimal(38,18)",
    "cpu_core_hours_requested": "decimal(38,18)", "memory_gib_hours_requested": "decimal(38,18)",
}  # fmt: skip
"""int_aws__split_usage, as the ledger reads it."""

_DELIVERY = {"source_name": "varchar", "delivery_id": "varchar"}
_QUANTITY = "decimal(38,18)"
_INTERVAL = {"usage_start": "timestamp", "usage_end": "timestamp"}
_OWNERS = dict.fromkeys(CONSUMERS, "varchar")

FEED_COLUMNS = {
    "compute_hours": _INTERVAL
    | _OWNERS
    | {"cluster": "varchar", "node": "varchar", "node_pool": "varchar"}
    | {"cpu_core_hours_requested": _QUANTITY, "memory_gib_hours_requested": _QUANTITY},
    "jobs": {"usage_date": "date", "service": "varchar", "quantity": _QUANTITY} | _OWNERS,
    "api_calls": {"usage_date": "date", "service": "varchar", "quantity": _QUANTITY} | _OWNERS,
    "driver": {"usage_date": "date", "pool": "varchar", "driver": "varchar", "quantity": _QUANTITY} | _OWNERS,
    "gpu_hours": _INTERVAL
    | _OWNERS
    | {"cluster": "varchar", "node": "varchar", "node_pool": "varchar", "gpu_model": "varchar"}
    | {"capacity_type": "varchar", "gpu_hours_requested": _QUANTITY, "gpu_hours_used": _QUANTITY},
    "gpu_capacity": _INTERVAL
    | _OWNERS
    | {"cluster": "varchar", "node": "varchar", "node_pool": "varchar", "gpu_model": "varchar"}
    | {"capacity_type": "varchar", "gpu_hours_capacity": _QUANTITY},
    "storage_bytes": {"usage_date": "date", "bucket": "varchar", "byte_hours": _QUANTITY, "storage_class": "varchar"}
    | {"prefix": "varchar"}
    | _OWNERS,
    "storage_access": {"usage_date": "date", "bucket": "varchar", "requests": _QUANTITY, "bytes_read": _QUANTITY}
    | {"prefix": "varchar", "operation": "varchar"}
    | _OWNERS,
    "inference": _INTERVAL
    | _OWNERS
    | {"endpoint": "varchar", "serving_mode": "varchar", "requests": _QUANTITY, "failed_requests": _QUANTITY}
    | {"retried_requests": _QUANTITY, "cached_requests": _QUANTITY, "gpu_seconds": _QUANTITY},
    "tokens": _INTERVAL
    | _OWNERS
    | {"endpoint": "varchar", "requests": _QUANTITY, "input_tokens": _QUANTITY, "output_tokens": _QUANTITY}
    | {"cached_input_tokens": _QUANTITY, "cache_write_tokens": _QUANTITY},
    "training_runs": {"started_at": "timestamp", "ended_at": "timestamp", "status": "varchar", "experiment": "varchar"}
    | {"sweep": "varchar", "epochs": _QUANTITY, "gpu_hours": _QUANTITY, "cluster": "varchar"}
    | {"quality_metric": "varchar", "quality_value": _QUANTITY}
    | _OWNERS,
    "business_metric": {"usage_date": "date", "metric": "varchar", "entity": "varchar", "quantity": _QUANTITY}
    | {"revenue": _QUANTITY, "currency": "varchar"}
    | _OWNERS,
}
"""The usage feeds' staging models, as the allocation models read them."""

SELECTED = (
    "stg_allocation_rules",
    "stg_deliveries",
    "stg_ledger_entries",
    "stg_delivery_totals",
    "stg_metrics",
    "stg_model_alternatives",
    "stg_datasets",
    "int_charge_totals_by_day",
    "path:models/intermediate/allocate",
    "path:models/intermediate/unit_economics",
    "path:models/intermediate/governance",
    "path:models/marts",
)

LEDGER_ALONE = (
    "stg_allocation_rules",
    "stg_deliveries",
    "stg_datasets",
    "path:models/intermediate/allocate",
    "fct_cost_allocations",
    "fct_allocation_steps",
    *("--exclude", "int_costs_reconciled_with_deliveries", "int_deliveries_with_totals"),
)
"""For tests that look at amounts and hops and at nothing made of them."""

DAY = date(2026, 10, 5)


@dataclass
class Ledger:
    """A bill, its usage feeds and the rules, before and after dbt has built the ledger from them."""

    home: Path
    charges: list[dict[str, Any]] = field(default_factory=list)
    split_usage: list[dict[str, Any]] = field(default_factory=list)
    feeds: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {kind: [] for kind in FEED_COLUMNS})
    rules: AllocationRules = field(default_factory=load_rules)
    metrics: Metrics = field(default_factory=load_metrics)
    datasets: DatasetCatalog = field(default_factory=DatasetCatalog)
    budgets: Budgets = field(default_factory=Budgets)
    tag_policy: TagPolicy = field(default_factory=TagPolicy)
    invoices: Invoices = field(default_factory=Invoices)
    fx_rates: tuple[FxRate, ...] = ()

    def charge(self, cost: str | Decimal, *, day: date = DAY, **columns: Any) -> None:
        """One usage charge of a day in USD; the four costs are equal unless given."""
        start = datetime(day.year, day.month, day.day)
        month = start.replace(day=1)
        self.charges.append(
            {
                "source_name": "aws-payer",
                "provider": "aws",
                "delivery_id": "delivery",
                "charge_id": f"charge-{len(self.charges):04}",
                "billing_account_id": "payer",
                "sub_account_id": "ml-training",
                "billing_currency": "USD",
                "billing_period": f"{day:%Y-%m}",
                "billing_period_start": month,
                "billing_period_end": (month + timedelta(days=32)).replace(day=1),
                "charge_period_start": start,
                "charge_period_end": start + timedelta(days=1),
                "charge_date": day,
                "charge_category": "Usage",
                "charge_origin": "delivered",
                "pricing_category": "Standard",
                "service_category": "Compute",
                "service_subcategory": "Virtual Machines",
                "service_name": "Amazon Elastic Compute Cloud",
                "service_provider_name": "AWS",
                "invoice_issuer_name": "AWS",
                "region_id": "us-east-1",
                "cost_layer": "compute",
                "is_cluster_machine": False,
                "tags": {},
                **dict.fromkeys(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), Decimal(cost)),
                **columns,
            }
        )

    def machine(self, cost: str, node: str | None, gpu_hours: str | None, **columns: Any) -> None:
        """A charge for a machine of the GPU cluster `train`."""
        named = {"resource_id": node, "resource_name": node, "resource_type": "instance"} if node else {}
        defaults = {"cluster": "train", "gpu_model": "H100", "capacity_type": "on_demand", "is_cluster_machine": True}
        hours = None if gpu_hours is None else Decimal(gpu_hours)
        self.charge(cost, **{**defaults, **named, "gpu_hours": hours, **columns})

    def gpu_hours(self, workload: str, requested: str, *, day: date = DAY, **columns: Any) -> None:
        """GPU-hours that a workload held in the cluster `train` on a day."""
        start = datetime(day.year, day.month, day.day)
        self.feeds["gpu_hours"].append(
            {
                "usage_start": start,
                "usage_end": start + timedelta(days=1),
                "cluster": "train",
                "workload": workload,
                "gpu_hours_requested": Decimal(requested),
                **columns,
            }
        )

    def stored(self, byte_hours: str, bucket: str = "lake", *, day: date = DAY, **columns: Any) -> None:
        """Byte-hours of a dataset in a bucket on a day."""
        self.feeds["storage_bytes"].append(
            {"usage_date": day, "bucket": bucket, "byte_hours": Decimal(byte_hours), **columns}
        )

    def asked(self, requests: str, **columns: Any) -> None:
        """Inference requests of a day."""
        self._of_day("inference", requests=Decimal(requests), **columns)

    def asked_tokens(self, input_tokens: str, **columns: Any) -> None:
        """Tokens of a day."""
        self._of_day("tokens", input_tokens=Decimal(input_tokens), **columns)

    def _of_day(self, kind: str, **columns: Any) -> None:
        start = datetime(DAY.year, DAY.month, DAY.day)
        self.feeds[kind].append({"usage_start": start, "usage_end": start + timedelta(days=1), **columns})

    def build(
        self,
        threads: int = 2,
        *,
        reverse: bool = False,
        command: str = "build",
        selected: tuple[str, ...] = SELECTED,
        made_with: str = "",
    ) -> "Built":
        """Run dbt on the allocation models and the marts; `build` tests them, `run` does not.

        `reverse` turns the order of all rows round. `made_with` is what a run names for its code, rules and
        configuration: with it, months keep their ledger. The charges of a source's month are then one delivery, and so
        are the rows of a feed that begin in one month.

        Raises:
            AssertionError: dbt failed; the message is its output.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        write_rule_tables(self.rules, self.home / "landing")
        write_metric_tables(self.metrics, self.home / "landing")
        write_dataset_table(self.datasets, self.home / "landing")
        write_feedback_table(AnomalyFeedback(), self.home / "landing")
        write_fx_table(self.fx_rates, self.home / "landing")
        write_prepayment_table(Amortization(), self.home / "landing")
        write_budget_table(self.budgets, self.home / "landing")
        write_tag_policy_table(self.tag_policy, self.rules, self.home / "landing")
        write_invoice_table(self.invoices, self.home / "landing")
        step = -1 if reverse else 1
        with duckdb.connect(str(self.home / "warehouse.duckdb")) as connection:
            _create(connection, "int_charges_attributed_to_owners", CHARGE_COLUMNS, self.charges[::step])
            for kind, columns in FEED_COLUMNS.items():
                rows = [row | _delivery_of(kind, row) for row in self.feeds[kind][::step]]
                _create(connection, f"stg_usage__{kind}", columns | _DELIVERY, rows)
            _create(connection, "int_azure__exports_paired", PAIR_COLUMNS, [])
            _create(connection, "int_aws__split_usage", SPLIT_COLUMNS, self.split_usage)
            _write_deliveries(connection, self.home / "landing" / "deliveries.parquet", with_feeds=bool(made_with))
            _note_what_charges_are_made_from(connection, made_with)
        arguments = ("--threads", str(threads), "--select", *selected)
        options = ("--exclude-resource-type", "unit_test") if command == "build" else ()
        if selected != SELECTED:
            # a test that also looks at a model which is not built here has nothing to look at
            options += ("--indirect-selection", "buildable")
        output = run_dbt(self.home, command, *arguments, *options, made_with=made_with)
        return Built(self.home / "warehouse.duckdb", output)


@dataclass
class Built:
    """The warehouse that dbt built, and what dbt printed."""

    warehouse: Path
    output: str

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The warehouse, read-only, as checks open it."""
        return duckdb.connect(str(self.warehouse), read_only=True)

    def run_unit_tests(self, folder: str) -> str:
        """Run the dbt unit tests of a folder of models; returns what dbt printed.

        Raises:
            AssertionError: one failed; the message is dbt's output.
        """
        return run_dbt(self.warehouse.parent, "test", "--select", f"path:{folder},test_type:unit")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the warehouse."""
        with self.connect() as connection:
            return connection.sql(sql).fetchall()


def run_dbt(home: Path, *arguments: str, made_with: str = "") -> str:
    """Run dbt on a ledger's home; returns what it printed."""
    environment = os.environ | {"FINOPS_HOME": str(home), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    environment["FINOPS_MADE_WITH"] = made_with
    environment |= {"FINOPS_NOW": "2026-10-20T06:00:00Z", "DBT_LOG_LEVEL_FILE": "info"}
    result = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments, "--profiles-dir", "."),
            *("--target-path", str(parsed_target(home.parent / "target")), "--log-path", str(home / "logs")),
        ],
        cwd=DBT_PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _create(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    """A table of the rows, written as text and cast by the engine: one statement however many rows there are."""
    for row in rows:
        unknown = set(row) - set(columns)
        assert not unknown, f"{name} has no column {sorted(unknown)}"
    texts = pa.table({column: _texts(column, rows) for column in columns})
    casts = ", ".join(f"cast({column} as {type_}) as {column}" for column, type_ in columns.items())
    connection.register("written", texts)
    connection.execute(f"create or replace table {name} as select {casts} from written")
    connection.unregister("written")


def _texts(column: str, rows: list[dict[str, Any]]) -> pa.Array:
    if column == "tags":
        return pa.array([row[column] and list(row[column].items()) for row in rows], pa.map_(pa.string(), pa.string()))
    values = (row.get(column) for row in rows)
    texts = (f"{value:f}" if isinstance(value, Decimal) else value for value in values)
    return pa.array([None if text is None else str(text) for text in texts], pa.string())


def _delivery_of(kind: str, row: dict[str, Any]) -> dict[str, str]:
    first = row.get("usage_start") or row.get("usage_date") or row["started_at"]
    return {"source_name": kind, "delivery_id": f"{first:%Y-%m}"}


def _note_what_charges_are_made_from(connection: duckdb.DuckDBPyConnection, made_with: str) -> None:
    connection.execute("drop table if exists months_mapped")
    if made_with:
        connection.execute(
            """
            create table months_mapped as
            select source_name, billing_period,
                md5(string_agg(charges::varchar, ' ' order by charge_id)) || $1 as made_from
            from int_charges_attributed_to_owners as charges
            group by all
            """,
            [made_with],
        )


def _write_deliveries(connection: duckdb.DuckDBPyConnection, path: Path, *, with_feeds: bool) -> None:
    """The ledger of deliveries whose raw totals are the charges' own: extraction is not what is tested here."""
    feeds = " union all by name ".join(
        f"""
        select '{kind}' as table_name, source_name, 'usage' as provider, '{kind}' as dataset, '' as variant,
            delivery_id,
            md5(string_agg(feed::varchar, ' ' order by feed::varchar)) as identity, 'live' as status, count(*) as rows,
            timestamp '2026-10-20 06:00:00' as seen_at
        from stg_usage__{kind} as feed group by all
        """
        for kind in FEED_COLUMNS
    )
    connection.execute(f"""
        copy (
            with totals as (
                select source_name, provider, billing_period, billing_currency, sum(billed_cost) as billed,
                    sum(effective_cost) as effective, count(*) as row_count
                from int_charges_attributed_to_owners group by all
            )
            select
                'aws_cur2' as table_name, source_name, provider, 'cur2' as dataset, '' as variant, billing_period,
                source_name || '-' || billing_period as delivery_id, 'execution' as identity, 'live' as status,
                sum(row_count)::bigint as rows,
                flatten(list([
                    {{'billing_currency': billing_currency, 'cost_basis': 'billed', 'raw_cost': billed,
                      'beyond_scale': 0::decimal(38, 37)}},
                    {{'billing_currency': billing_currency, 'cost_basis': 'effective', 'raw_cost': effective,
                      'beyond_scale': 0::decimal(38, 37)}}
                ])) as totals,
                [{{'name': 'data.parquet', 'size': 0::bigint, 'etag': '', 'rows': 0::bigint, 'landed': ''}}] as files,
                'Manifest.json' as manifest, null::timestamp as submitted_at, null::varchar as previous_delivery_id,
                timestamp '2026-10-20 06:00:00' as seen_at
            from totals
            group by source_name, provider, billing_period
            {"union all by name" + feeds if with_feeds else ""}
        ) to '{path}' (format parquet)
    """)
