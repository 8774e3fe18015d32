"""Months of charges and files of telemetry that are delivered as they were are kept, as a run from nothing has them."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops_pipeline.config import UsageFeed
from finops_pipeline.extract.ledger import live_deliveries, update_ledger
from finops_pipeline.extract.refresh import ExtractResult
from finops_pipeline.extract.usage import refresh_feed
from tests.dbt.accounting_cases import CASES
from tests.dbt.landing_zone import LandingZone

BILL = "int_charges_attributed_to_owners"
JOBS = "stg_usage__jobs"
_CAUTIOUS = ("--indirect-selection", "cautious")


class Months:
    """A landing zone of all accounting cases, and what its charges are after each of its builds."""

    def __init__(self, zone: LandingZone):
        self.zone = zone
        self.mapped: list[list[tuple[str, str]]] = []
        self.bills: list[list[dict[str, Any]]] = []
        self.jobs: list[list[dict[str, Any]]] = []
        self.order: list[list[str]] = []
        self.pairs: list[dict[str, tuple[bool, Any]]] = []
        self.restated_pair: tuple[str, Decimal]

    def deliver_jobs(self, **days: int | None) -> None:
        """The feed's files as they are now: how many jobs ran on each day; None takes the day's file away."""
        folder = self.zone.home / "jobs"
        folder.mkdir(exist_ok=True)
        for day, quantity in days.items():
            file = folder / f"{day}.csv"
            if quantity is None:
                file.unlink()
            else:
                file.write_text(f"usage_date,service,quantity,team\n2026-10-{day[1:]},batch,{quantity},search\n")
        feed = UsageFeed(name="jobs", kind="jobs", uri=f"{folder}/*.csv")
        refresh_feed(feed, self.zone.path, datetime(2026, 11, 3, 6, tzinfo=UTC), ExtractResult("jobs"), print)

    def build(self, made_with: str, *, rebuild: bool = False) -> None:
        self.dbt(
            made_with, rebuild, "--resource-type", "seed", "--resource-type", "model", "--select", f"+{BILL}", JOBS
        )
        months = self.zone.query("select distinct source_name, billing_period from int_charges_unioned order by all")
        self.mapped.append([(month["source_name"], month["billing_period"]) for month in months])
        self.bills.append(self.zone.query(f"select * from {BILL} order by charge_id"))
        rows = self.zone.query(f"select billing_period from {BILL} order by rowid")
        self.order.append([row["billing_period"] for row in rows])
        self.jobs.append(self.zone.query(f"select * from {JOBS} order by usage_date"))
        pairs = self.zone.query("select source_name, is_pair, pairing_difference from int_azure__exports_paired")
        self.pairs.append({pair["source_name"]: (pair["is_pair"], pair["pairing_difference"]) for pair in pairs})

    def test(self, made_with: str) -> None:
        """Build the bill and test it, as a run does."""
        self.dbt(made_with, False, "--exclude-resource-type", "unit_test", "--select", f"+{BILL}", *_CAUTIOUS)

    def dbt(self, made_with: str, rebuild: bool, *arguments: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FINOPS_MADE_WITH", made_with)
            patch.setenv("FINOPS_REBUILD", "yes" if rebuild else "")
            self.zone.dbt("build", *arguments)


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Months:
    """Three builds: the first, one after four kinds of change, and one from nothing."""
    months = Months(LandingZone(tmp_path_factory.mktemp("months")))
    zone, deliveries = months.zone, {}
    for name, case in CASES.items():
        variant = "ActualCost" if case.table == "azure_cost_details" else ""
        deliveries[name] = zone.land(
            case.table, name, case.lines, variant=variant, period=case.period, is_net=case.is_net
        )
        if case.amortized:
            zone.land(case.table, name, case.amortized, variant="AmortizedCost", period=case.period)
    aws = next(case for case in CASES.values() if case.table == "aws_cur2")
    gcp = next(case for case in CASES.values() if case.table == "gcp_detailed")
    zone.land("aws_cur2", "restated", aws.lines)
    zone.land("gcp_detailed", "growing", gcp.lines)
    months.deliver_jobs(d01=10, d02=20, d03=30)
    months.build("one")

    zone.land("aws_cur2", "restated", [*aws.lines, aws.lines[0]], number=2)
    zone.land("gcp_detailed", "growing", gcp.lines, period="2026-11", number=2)
    zone.land("aws_cur2", "young", aws.lines)
    name, azure = next((name, case) for name, case in CASES.items() if case.amortized)
    more = next(line for line in azure.lines if line["ChargeType"] == "Usage")
    zone.land("azure_cost_details", name, [*azure.lines, more], variant="ActualCost", period=azure.period, number=2)
    months.restated_pair = (name, Decimal(more["Cost"]))
    update_ledger(zone.path, removed=[next(d for d in deliveries.values() if d.table_name == "aws_cur2")])
    months.deliver_jobs(d02=21, d03=None, d04=40)
    first_day = (
        zone.path / next(d for d in live_deliveries(zone.path, "jobs") if d.variant == "d01.csv").files[0].landed
    )
    aside = first_day.rename(first_day.with_suffix(".aside"))
    months.build("one")
    aside.rename(first_day)
    months.build("one", rebuild=True)
    return months


def test_only_months_with_new_deliveries_are_mapped_again(months: Months):
    azure = (months.restated_pair[0], "2026-10")
    assert months.mapped[1] == [azure, ("growing", "2026-11"), ("restated", "2026-10"), ("young", "2026-10")]


def test_the_bill_is_the_one_that_is_made_from_nothing(months: Months):
    first, changed, anew = months.bills
    assert changed != first
    assert changed == anew
    assert len(months.mapped[2]) > len(CASES)


def test_the_newest_three_of_months_that_come_together_lie_one_behind_the_other(months: Months):
    first, _, anew = months.order
    for periods in (first, anew):
        newest = sorted(set(periods))[-3:]
        others = sum(period not in newest for period in periods)
        assert set(periods[:others]).isdisjoint(newest)
        assert periods[others:] == sorted(periods[others:])
        assert len(newest) == 3


def test_exports_of_azure_are_paired_by_what_their_kept_and_their_new_files_say(months: Months):
    name, cost = months.restated_pair
    first, changed, anew = months.pairs
    assert first[name] == (True, 0)
    assert changed[name] == (False, -cost)
    assert changed == anew


def test_exports_of_azure_are_all_read_where_nothing_is_known_of_their_files(tmp_path):
    months = Months(LandingZone(tmp_path))
    azure = next(case for case in CASES.values() if case.amortized)

    def land(period: str, number: int) -> None:
        for variant, lines in (("ActualCost", azure.lines), ("AmortizedCost", azure.amortized)):
            months.zone.land("azure_cost_details", "ea", lines, variant=variant, period=period, number=number)

    def paired() -> list[dict[str, Any]]:
        return months.zone.query("select * from int_azure__exports_paired order by billing_period")

    for period in ("2026-09", "2026-10"):
        land(period, number=1)
    months.build("one")
    known = paired()
    with duckdb.connect(str(months.zone.home / "warehouse.duckdb")) as warehouse:
        warehouse.execute("drop table int_azure__export_totals")
    land("2026-10", number=2)
    months.build("one")
    assert months.mapped[1] == [("ea", "2026-10")]
    assert [pair["is_pair"] for pair in paired()] == [True, True]
    assert paired()[0] == known[0]


def test_files_of_telemetry_that_a_run_has_are_not_opened_again(months: Months):
    first, changed, anew = months.jobs
    assert [row["quantity"] for row in first] == [10, 20, 30]
    # that of the first day could not have been opened
    assert [row["quantity"] for row in changed] == [10, 21, 40]
    assert changed == anew


def test_rows_of_many_runs_are_written_together_again(tmp_path):
    months = Months(LandingZone(tmp_path))
    warehouse = tmp_path / "warehouse.duckdb"
    months.deliver_jobs(**{f"d{day:02}": day for day in range(1, 31)})
    months.dbt("one", False, "--resource-type", "model", "--select", JOBS)
    scattered(warehouse, JOBS)
    months.deliver_jobs(d31=31)
    months.dbt("one", False, "--resource-type", "model", "--select", JOBS)
    quantities = [row["quantity"] for row in months.zone.query(f"select quantity from {JOBS} order by usage_date")]
    assert quantities == list(range(1, 32))
    assert row_groups(months.zone.query, JOBS) == 1
    months.deliver_jobs(d01=0)
    months.dbt("one", False, "--resource-type", "model", "--select", JOBS)
    assert row_groups(months.zone.query, JOBS) == 2, "its rows are still those that this run may keep"


def scattered(warehouse: Path, table: str) -> None:
    """Lay a table as a month of daily runs leaves it: each row a row group of its own."""
    with duckdb.connect(str(warehouse), config={"max_vacuum_tasks": "0"}) as connection:
        connection.execute(f"create temp table whole as select * from {table}")
        connection.execute(f"delete from {table}")
        for (row,) in connection.execute("select rowid from whole").fetchall():
            connection.execute(f"insert into {table} select * from whole where rowid = {row}")
            connection.execute("checkpoint")


def row_groups(query: Callable[[str], list[dict[str, Any]]], table: str) -> int:
    [counted] = query(f"select count(distinct row_group_id) as pieces from pragma_storage_info('{table}')")
    return counted["pieces"]


def test_another_column_of_a_table_has_its_months_mapped_again_and_no_others(months: Months):
    zone = months.zone
    zone.land("aws_cur2", "late", [{"bill_payer_account_id": "1", "resource_tags_of_another_kind": "x"}])

    months.build("one")

    aws = zone.query(
        f"select distinct source_name, billing_period from {BILL} where landed_table = 'aws_cur2' order by all"
    )
    assert months.mapped[-1] == [(month["source_name"], month["billing_period"]) for month in aws]
    assert ("growing", "2026-11") not in months.mapped[-1]


def test_what_is_made_otherwise_is_mapped_whole(months: Months):
    months.build("two")

    assert len(months.mapped[-1]) > len(CASES)


def test_a_month_that_no_finished_run_was_made_from_is_tested_though_its_charges_are_kept(months: Months):
    """Charges are kept as soon as they are mapped; a test that fails must not be passed over by the next run."""
    with duckdb.connect(str(months.zone.home / "warehouse.duckdb")) as warehouse:
        warehouse.execute(f"update {BILL} set charge_category = 'Gift' where source_name = 'restated'")
        # the note of a finished run before the delivery of one source
        warehouse.execute(
            """
            create table months_made as
            select 'bill ' || source_name || ' ' || billing_period as input, billing_period, [billing_period] as months,
                [billing_period] as deciding_months,
                case when source_name = 'restated' then 'delivered before' else made_from end as digest
            from int_delivered_months
            """
        )
    with pytest.raises(AssertionError, match="values_are_those_of_focus"):
        months.test("two")
    assert months.zone.query("select bool_and(is_kept) as are_kept from int_delivered_months") == [{"are_kept": True}]


def test_rows_to_map_are_read_from_their_own_files_where_these_have_the_columns_of_all(tmp_path):
    zone = LandingZone(tmp_path)
    lines = next(case.lines for case in CASES.values() if case.table == "gcp_detailed")
    zone.land("gcp_detailed", "bill", lines, period="2026-09")
    zone.land("gcp_detailed", "bill", lines, period="2026-10")

    def periods_read() -> list[str]:
        zone.dbt("run", "--select", "+int_delivered_months")
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("update int_delivered_months set is_kept = billing_period <> '2026-10'")
        zone.dbt("run", "--select", "stg_gcp__detailed_rows")
        rows = zone.query("select distinct billing_period from stg_gcp__detailed_rows order by all")
        return [row["billing_period"] for row in rows]

    assert periods_read() == ["2026-10"]
    zone.land("gcp_detailed", "bill", [{**line, "a_new_column": "x"} for line in lines], period="2026-11")
    assert periods_read() == ["2026-09", "2026-10", "2026-11"]
