"""Months from which nothing has changed keep their ledger, and it is the one that is made from nothing."""

import random
import shutil
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from ledger_fixture import Built, Ledger, run_dbt
from random_ledger import random_rules, throw, written

from finops_pipeline.side_files.budgets import Budgets
from finops_pipeline.side_files.datasets import DatasetCatalog
from finops_pipeline.side_files.fx_rates import FxRate
from finops_pipeline.side_files.metrics import Metrics
from finops_pipeline.side_files.tag_policy import TagPolicy

MONTHS = AUGUST, SEPTEMBER, OCTOBER = [date(2026, month, 1) for month in (8, 9, 10)]
ARCHIVED = [date(2026, 7, 2), date(2026, 8, 2), date(2026, 9, 2), date(2026, 10, 3)]
"""31 days apart; of July nothing else is billed."""
TOPOLOGIES = 100
TABLES = (
    "fct_allocation_alternatives",
    "fct_allocation_steps",
    "fct_budget_status",
    "fct_cost_bridge_to_bill",
    "fct_cost_layers",
    "fct_inference_unit_costs",
    "fct_storage_unit_costs",
    "fct_tag_coverage",
    "fct_training_run_days",
    "fct_unit_costs",
    "fct_waste",
    "focus_allocated",
    "focus_cost_and_usage",
    "int_allocations_by_day",
    "int_budget_costs",
    "int_charges_by_day",
    "int_gpu_hours_without_capacity",
    "int_metric_costs",
    "int_resource_days",
    "int_service_exits",
    "int_tagged_costs",
)


class Company:
    """A bill of three months under random rules, of which some first days stand on the invoice of the month before."""

    def __init__(self, folder: Path) -> None:
        dice = random.Random("kept")
        self.ledger = Ledger(folder / "kept", rules=written(random_rules(dice, AUGUST), folder / "kept.yaml"))
        self.runs: list[list[str]] = []
        self.side_files: list[list[str]] = []
        for month in MONTHS:
            throw(dice, self.ledger, TOPOLOGIES, month)
        for charge in self.ledger.charges:
            day = charge["charge_date"]
            if day.day == 1 and day > AUGUST and dice.random() < 0.3:
                charge["billing_period"] = f"{day.replace(month=day.month - 1):%Y-%m}"
        for month in MONTHS:
            self.ledger.charge("10", day=month.replace(day=20), billing_currency="EUR", team="t")
        self._store_an_archive()
        self._define_a_metric()
        self._publish_rates(AUGUST, SEPTEMBER)
        self.run()
        self._deliver_october_again(dice)
        self.run()
        self._tell_september_anew()
        self.run()
        self._publish_rates(*MONTHS, euro="1.2")
        self.run()
        self._hand_teams_over()
        self.run()
        self._decide_on_budgets_and_tags()
        self.run()
        self.decided = shutil.copytree(self.ledger.home, folder / "decided")
        self._tell_of_the_archive_anew()
        self.run()
        self._count_for_the_first_time()
        self.made = self.run()
        whole = deepcopy(self.ledger)
        whole.home = folder / "whole"
        self.whole = whole.build(command="run")

    def run(self) -> Built:
        """The next run's ledger; `runs` gets the billing periods that it allocated, `side_files` what had changed."""
        built = self.ledger.build(made_with="rules and code")
        self.runs.append(
            [period for (period,) in built.rows("select distinct billing_period from int_pools order by 1")]
        )
        changed = "select name from int_months_to_make where kind = 'side_file' order by 1"
        self.side_files.append([name for (name,) in built.rows(changed)])
        return built

    def _store_an_archive(self) -> None:
        """Bytes that each month finds as many days after the month before as they may stay; nobody looks at them."""
        entry = {"dataset": "archive", "bucket": "archive", "retention_days": 31}
        self.ledger.datasets = DatasetCatalog.model_validate({"datasets": (entry,)})
        for day in ARCHIVED:
            self.ledger.charge("9", day=day, bucket="archive", storage_measure="bytes", storage_class="standard",
                               billed_byte_hours=Decimal(100), cost_layer="storage")  # fmt: skip
            self.ledger.stored("100", "archive", day=day, storage_class="standard")

    def _define_a_metric(self) -> None:
        """A metric that nobody counts yet."""
        metric = {"name": "served", "unit": "person", "owner": "t", "description": "-", "cost": {"team": ["team-0"]}}
        self.ledger.metrics = Metrics.model_validate({"version": 1, "metrics": (metric,)})

    def _deliver_october_again(self, dice: random.Random) -> None:
        """Lines gone, lines new, and a correction of August."""
        ledger = self.ledger
        ledger.charges = [
            charge for charge in ledger.charges if charge["billing_period"] != "2026-10" or dice.random() < 0.8
        ]
        throw(dice, ledger, TOPOLOGIES // 2, OCTOBER)
        ledger.charge("-7.5", day=date(2026, 8, 2), charge_class="Correction", billing_period="2026-10", team="t")
        for number, charge in enumerate(ledger.charges):
            if charge["billing_period"] == "2026-10":
                charge["charge_id"] = f"again-{number:04}"

    def _publish_rates(self, *months: date, euro: str = "1.1") -> None:
        """Rates of euros from the 15th on for each of these months."""
        self.ledger.fx_rates = tuple(FxRate("EUR", month.replace(day=15), Decimal(euro), "ECB") for month in months)

    def _tell_september_anew(self) -> None:
        """Late telemetry: a workload held more than was told at first."""
        late = next(row for row in self.ledger.feeds["gpu_hours"] if row["usage_start"].date() == date(2026, 9, 2))
        late["gpu_hours_requested"] += Decimal("1.5")

    def _hand_teams_over(self) -> None:
        """An owner of the key, which has no limit that costs are summed up by."""
        self.ledger.tag_policy = TagPolicy.model_validate({"keys": ({"key": "team", "owner": "platform"},)})

    def _decide_on_budgets_and_tags(self) -> None:
        """A first budget, and a limit that more teams than one are over."""
        budget = {"name": "small", "owner": "t", "currency": "USD", "period": "month", "amount": "5"}
        self.ledger.budgets = Budgets.model_validate({"budgets": ({**budget, "cost": {"team": ["t"]}},)})
        self.ledger.tag_policy = TagPolicy.model_validate({"keys": ({"key": "team", "max_values": 1},)})

    def _tell_of_the_archive_anew(self) -> None:
        """Late telemetry: fewer bytes lay there, and somebody looked at them."""
        first = next(row for row in self.ledger.feeds["storage_bytes"] if row["bucket"] == "archive")
        first["byte_hours"] = Decimal(40)
        self.ledger.feeds["storage_access"].append(
            {"usage_date": ARCHIVED[0], "bucket": "archive", "requests": Decimal(1)}
        )

    def _count_for_the_first_time(self) -> None:
        """People who were served on a day of October."""
        counted = {"usage_date": date(2026, 10, 2), "metric": "served", "entity": "shop", "quantity": Decimal(5)}
        self.ledger.feeds["business_metric"].append(counted)


@pytest.fixture(scope="module")
def company(ledgers: Path) -> Company:
    """After eight runs, and as it is made from nothing."""
    return Company(ledgers)


def test_only_months_that_something_concerns_are_allocated_again(company: Company) -> None:
    first, after_delivery, after_telemetry, after_rates, *after_decisions, after_access, after_count = company.runs
    assert first == ["2026-07", "2026-08", "2026-09", "2026-10"]
    # what September's invoice holds of the first of October shares its machines; the correction concerns itself alone
    assert after_delivery == ["2026-09", "2026-10"]
    assert after_telemetry == ["2026-08", "2026-09"]
    # each month but the first has another rate
    assert after_rates == ["2026-08", "2026-09", "2026-10"]
    # budgets and tags are of no concern to who pays
    assert after_decisions == [[], []]
    assert after_access == ["2026-07"]
    assert after_count == ["2026-09", "2026-10"]


def test_a_new_budget_and_a_new_limit_of_tags_concern_every_month(company: Company) -> None:
    months = [("2026-08",), ("2026-09",), ("2026-10",)]
    of_budget = "select distinct strftime(charge_date, '%Y-%m') from int_budget_costs order by 1"
    assert company.made.rows(of_budget) == months
    over_limit = "select distinct billing_period from fct_cost_layers where team = '(other)' order by 1"
    assert company.made.rows(over_limit) == months
    *_, of_an_owner, of_decisions, _, _ = company.side_files
    assert of_decisions == ["budgets", "tag_limits", "tag_policy"]
    assert of_an_owner == ["tag_policy"]


def test_what_a_dataset_is_told_of_long_ago_concerns_its_later_months(company: Company) -> None:
    told = """
        select charge_date, days_since_last_access, retention_saving_at_most from fct_storage_unit_costs
        where dataset = 'archive' order by charge_date
    """
    # of a hundred byte-hours that cost nine, July's forty are there in August still, and later all
    days = [(0, None), (31, Decimal("3.6")), (62, Decimal(9)), (93, Decimal(9))]
    assert company.made.rows(told) == [(day, *facts) for day, facts in zip(ARCHIVED, days, strict=True)]


def test_a_metric_that_is_counted_for_the_first_time_has_the_costs_of_every_month(company: Company) -> None:
    months = "select distinct strftime(charge_date, '%Y-%m') from int_metric_costs where metric = 'served' order by 1"
    assert company.made.rows(months) == [("2026-08",), ("2026-09",), ("2026-10",)]
    assert company.side_files[-2:] == [[], ["metrics"]]


def test_rates_that_come_later_concern_the_amounts_of_every_table_that_shows_them(company: Company) -> None:
    told = "select distinct allocated_effective_cost_reporting from fct_cost_allocations where billing_currency = 'EUR'"
    assert company.made.rows(told) == [(Decimal(12),)]


@pytest.mark.parametrize("table", TABLES)
def test_what_was_kept_is_what_is_made_from_nothing(company: Company, table: str) -> None:
    rows = f"select * from {table} order by all"
    assert company.made.rows(rows) == company.whole.rows(rows)
    assert company.made.rows("select count(*) > 300 from fct_cost_allocations") == [(True,)]


def test_all_months_of_what_a_new_limit_made_are_tested(company: Company, tmp_path: Path) -> None:
    home = Path(shutil.copytree(company.decided, tmp_path / "kept"))
    with duckdb.connect(str(home / "warehouse.duckdb")) as warehouse:
        warehouse.execute("update fct_cost_layers set billed_cost = billed_cost + 1 where billing_period = '2026-08'")
    test = ("test", "--select", "layers_add_up_to_the_ledger")
    with pytest.raises(AssertionError, match="layers_add_up_to_the_ledger"):
        run_dbt(home, *test, made_with="rules and code")
