"""The sample company's unit costs, held against the truth the generator planted."""

from decimal import Decimal
from pathlib import Path

import duckdb

from tests.conftest import Company


def _truth(company: Company, sql: str) -> list[tuple]:
    """A query over the truth's tables and the feeds, by the company's folder."""
    folder: Path = company.config.parent
    with duckdb.connect() as connection:
        return connection.execute(sql.format(truth=folder / "truth", usage=folder / "usage")).fetchall()


def test_what_the_money_was_used_for_is_the_bill_on_both_bases(published_company: Company):
    uses = " + ".join(
        f"sum({use}_cost)"
        for use in ("inference", "training", "storage", "other", "idle", "unallocated", "credits", "tax")
    )
    bridged = published_company.query(
        f"select cost_basis, {uses}, sum(bill_cost) from fct_cost_bridge_to_bill group by all order by all"
    )
    bill = _truth(
        published_company,
        "select cost_basis, sum(total::decimal(38, 18)) from read_csv('{truth}/totals.csv', all_varchar = true)"
        " group by all order by all",
    )
    assert [(basis, total) for basis, total, _ in bridged] == bill
    assert [(basis, total) for basis, _, total in bridged] == bill
    layers = published_company.query("select sum(billed_cost), sum(effective_cost) from fct_cost_layers")
    assert layers == [(bill[0][1], bill[1][1])]


def test_a_run_costs_what_its_workload_cost_while_it_ran(published_company: Company):
    expected = _truth(
        published_company,
        "select charge_date, workload, sum(effective_cost) from '{truth}/allocations.parquet'"
        " where workload_type = 'training' and charge_category = 'Usage' group by all order by all",
    )
    assert len(expected) > 400
    assert expected == published_company.query(
        "select charge_date, workload, sum(effective_cost) from fct_training_run_days group by all order by all"
    )
    assert published_company.query("select count(*) from fct_training_unit_costs where not is_complete") == [(0,)]


def test_waste_is_the_cost_of_runs_that_left_no_model(published_company: Company):
    planted = _truth(published_company, "select distinct status from '{usage}/training_runs/*.csv' order by 1")
    found = published_company.query(
        "select status, bool_and(wasted_cost = case when status = 'completed' then 0 else effective_cost end)"
        " from fct_training_unit_costs group by all order by all"
    )
    assert found == [(status, True) for (status,) in planted]
    assert len(found) == 4


def test_a_dataset_costs_what_the_truth_gives_it(published_company: Company):
    expected = _truth(
        published_company,
        "select charge_date, dataset, team, sum(effective_cost) from '{truth}/allocations.parquet'"
        " where dataset is not null group by all order by all",
    )
    assert expected == published_company.query(
        "select charge_date, dataset, team, sum(effective_cost) from fct_storage_unit_costs"
        " where dataset is not null group by all order by all"
    )
    assert published_company.query(
        "select count(distinct dataset) from fct_storage_unit_costs where retention_saving_at_most > 0"
    ) == [(4,)]


def test_a_documents_cost_is_its_workloads_and_its_revenue_the_feeds(published_company: Company):
    expected = _truth(
        published_company,
        "select charge_date, sum(effective_cost) from '{truth}/allocations.parquet' where workload = 'ocr-docs'"
        " group by all order by all",
    )
    assert expected == published_company.query(
        "select charge_date, sum(effective_cost) from fct_unit_costs where metric = 'documents'"
        " group by all order by all"
    )
    assert _truth(
        published_company,
        "select sum(quantity)::decimal(38, 18), sum(revenue::decimal(18, 4))::decimal(38, 18)"
        " from read_csv('{usage}/business_metric/*.csv', types = {{'revenue': 'decimal(18, 4)'}})"
        " where metric = 'documents'",
    ) == published_company.query("select sum(quantity), sum(revenue) from fct_unit_costs where metric = 'documents'")
    # Google's window over the Pacific month's end reaches into a day that nobody has counted yet
    assert published_company.query(
        "select distinct charge_date::text from fct_unit_costs where not is_complete order by all"
    ) == [("2026-11-01",)]


def test_planted_changes_of_unit_costs_are_told_by_their_cause(published_company: Company):
    planted = _truth(
        published_company,
        "select model_name, to_period, cause, effect::decimal(18, 9)"
        " from read_csv('{truth}/unit_cost_changes.csv', all_varchar = true)",
    )
    assert {cause for _, _, cause, _ in planted} == {"price", "idle", "efficiency", "mix"}
    for model, period, cause, effect in planted:
        [(found, change, residual)] = published_company.query(
            f"select {cause}_effect, unit_cost_change, residual from fct_unit_cost_bridge"
            f" where model_name = '{model}' and to_period = '{period}'"
        )
        assert abs(found - effect) <= abs(effect) * Decimal("0.05"), (model, cause, effect, found, change)
        assert residual == 0
    # Google's bill of October ends eight hours into November
    assert published_company.query(
        "select to_period, is_complete from fct_unit_cost_bridge group by all order by all"
    ) == [("2026-10", False), ("2026-10", True), ("2026-11", False)]
    # calls of which the bill has nothing yet
    columns = "model_name, cost_left_out_after, inferences_left_out_after > 100000"
    assert published_company.query(
        f"select {columns} from fct_unit_cost_bridge where to_period = '2026-10' and not is_complete"
    ) == [("claude-sonnet-4.6", 0, True)]
    effects = " + ".join(
        f"{cause}_effect" for cause in ("price", "commitment", "idle", "efficiency", "mix", "allocation_rule")
    )
    assert published_company.query(
        f"select count(*) from fct_unit_cost_bridge where {effects} <> unit_cost_after - unit_cost_before"
    ) == [(0,)]


def test_a_models_life_adds_up_to_its_stages(published_company: Company):
    expected = _truth(
        published_company,
        "select model_name, model_version, sum(effective_cost) from '{truth}/allocations.parquet'"
        " where workload_type in ('training', 'serving', 'evaluation', 'data_preparation')"
        " and charge_category = 'Usage' group by all order by all",
    )
    models = ", ".join(sorted({f"'{model}'" for model, _, _ in expected}))
    assert expected == published_company.query(
        f"select model_name, model_version, total_cost from fct_model_lifecycle_costs where model_name in ({models})"
        " order by all"
    )
    [(making, break_even)] = published_company.query(
        "select making_cost_per_1k_inferences, break_even_utilization from fct_model_lifecycle_costs"
        " where model_name = 'vit-tagger' and model_version = 'v2'"
    )
    assert making > 0
    assert 0 < break_even < 1
