"""The sample company's budgets, tags and waste, held against the truth the generator planted."""

import json
from decimal import Decimal
from statistics import median

import duckdb

from tests.conftest import Company


def _planted(company: Company, anomaly: str) -> list[tuple[str, Decimal]]:
    file = company.config.parent / "truth" / "anomalies.csv"
    with duckdb.connect() as connection:
        return connection.execute(
            f"select charge_date, sum(amount::decimal(38, 18)) from read_csv('{file}', all_varchar = true)"
            f" where anomaly = '{anomaly}' group by all order by all"
        ).fetchall()


def test_only_the_two_budgets_with_a_planted_incident_are_not_kept(published_company: Company):
    last = "as_of = (select max(as_of) from fct_budget_status)"
    assert published_company.query(
        f"select budget, status, as_of::text from fct_budget_status where {last} and status <> 'on_track' order by all"
    ) == [("assistant", "over_budget", "2026-10-31"), ("research-tokens", "over_budget", "2026-10-31")]
    # the day before the agent loop nothing told of it; that day's forecast does, and a day later the amount is spent
    assert published_company.query(
        "select as_of::text, status from fct_budget_status where budget = 'research-tokens'"
        " and as_of between '2026-10-26' and '2026-10-28' order by all"
    ) == [
        ("2026-10-26", "on_track"),
        ("2026-10-27", "forecast_over_budget"),
        ("2026-10-28", "over_budget"),
    ]


def test_what_a_budget_has_spent_is_the_ledger_to_the_last_digit(published_company: Company):
    assert published_company.query(
        "select actual_to_date from fct_budget_status where budget = 'assistant' and as_of = '2026-10-31'"
    ) == published_company.query(
        "select sum(allocated_effective_cost) from fct_cost_allocations where team = 'assistant'"
        " and charge_date between '2026-10-01' and '2026-10-31'"
    )
    assert published_company.query(
        "select count(*) from fct_budget_status where forecast not between forecast_lower and forecast_upper"
    ) == [(0,)]


def test_a_share_of_the_total_is_a_share_of_the_whole_ledger_and_a_quarter_goes_on_as_its_month(
    published_company: Company,
):
    at_end = "where as_of = '2026-10-31' and budget ="
    [(october,)] = published_company.query(f"select actual_to_date from fct_budget_status {at_end} 'all-ai'")
    [(share,)] = published_company.query(f"select budget_amount from fct_budget_status {at_end} 'idle-gpus'")
    assert share == round(october / 5, 2)
    [(quarter, lower, upper)] = published_company.query(
        f"select forecast, forecast_lower, forecast_upper from fct_budget_status {at_end} 'all-ai-quarter'"
    )
    # 92 days at October's pace, but for its weeks
    assert lower < october / 31 * 92 < upper
    assert abs(quarter / (october / 31 * 92) - 1) < Decimal("0.05")


def test_a_profile_that_lost_its_tags_shows_in_the_coverage_by_its_cost(published_company: Company):
    uncovered = dict(
        published_company.query(
            "select charge_date::text, sum(taggable_cost - covered_cost) from fct_tag_coverage"
            " where tag_key = 'team' and provider_name = 'AWS' and charge_date between '2026-10-01' and '2026-10-31'"
            " group by all"
        )
    )
    lost = dict(_planted(published_company, "lost_tags"))
    assert len(lost) == 5
    usual = median(cost for day, cost in uncovered.items() if day not in lost)
    # what never had tags goes up and down by a few per cent a day
    for day, amount in lost.items():
        assert abs(uncovered[day] - usual - amount) < amount / 10, day


def test_a_profile_that_lost_its_tags_is_one_anomaly_that_says_where_its_cost_went(published_company: Company):
    told = published_company.query(
        "select charge_date::text, entity, drivers from fct_anomalies where kind in ('lost_tags', 'moved')"
    )
    [(day, entity, drivers)] = told
    assert (day, entity) == (_planted(published_company, "lost_tags")[0][0], "AWS")
    moved = json.loads(drivers)["moved"]
    assert (moved["left"], moved["arrived"]) == (["research"], ["(none)"])


def test_each_key_of_the_policy_tells_the_whole_bill(published_company: Company):
    bill = published_company.query("select sum(EffectiveCost) from focus_cost_and_usage")
    keys = published_company.query(
        "select tag_key, sum(taggable_cost + untaggable_cost) from fct_tag_coverage group by all order by all"
    )
    assert [key for key, _ in keys] == ["cost-boundary", "environment", "every required key", "project", "team"]
    assert {total for _, total in keys} == {bill[0][0]}


def test_the_forgotten_notebook_is_found_from_its_first_day_and_costs_what_was_planted(published_company: Company):
    found = published_company.query(
        "select charge_date::text, avoidable_cost, subject, team from fct_waste"
        " where waste_kind = 'notebook_never_stopped' order by all"
    )
    planted = _planted(published_company, "forgotten_notebook")
    assert found == [(day, amount, "summit-demo", "assistant") for day, amount in planted]


def test_waste_is_the_idle_rows_and_the_expired_bytes_and_nothing_twice(published_company: Company):
    assert published_company.query(
        "select waste_kind, sum(effective_cost) from fct_waste where waste_kind in"
        " ('unallocated_capacity', 'unused_commitment') group by all order by all"
    ) == published_company.query(
        "select idle_type, sum(allocated_effective_cost) from fct_cost_allocations"
        " where idle_type in ('unallocated_capacity', 'unused_commitment') and allocated_effective_cost > 0"
        " group by all order by all"
    )
    [(expired, saving)] = published_company.query(
        "select (select sum(avoidable_cost) from fct_waste where waste_kind = 'dataset_past_retention'),"
        " (select sum(retention_saving_at_most) from fct_storage_unit_costs)"
    )
    # cut off at a millionth for each of a few hundred amounts
    assert 0 <= saving - expired < Decimal("0.001")
    assert published_company.query(
        "select count(*) from (select allocation_id, sum(effective_cost) as wasted from fct_waste group by all)"
        " join fct_cost_allocations using (allocation_id) where wasted > allocated_effective_cost"
    ) == [(0,)]


def test_the_run_tells_which_budgets_and_things_to_look_at(published_company: Company):
    told = dict(
        published_company.query(
            "select subject, observed from fct_check_results where not passed and"
            " check_name in ('budgets_are_kept', 'nothing_is_left_running')"
        )
    )
    assert {"assistant 2026-10", "research-tokens 2026-10", "summit-demo (aws-payer)"} <= set(told)
    assert "used up on 2026-10-28" in told["research-tokens 2026-10"]
