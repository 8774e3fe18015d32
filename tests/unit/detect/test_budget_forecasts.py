"""Budgets' forecasts of days whose past is what it was are kept, and nothing tells."""

import importlib.util
import random
from datetime import date, timedelta
from decimal import Decimal
from types import ModuleType

import duckdb
import pyarrow as pa
import pytest

from finops_pipeline.detect.forecast import FORECAST_SQL
from finops_pipeline.settings import DBT_PROJECT_DIR

FIRST = date(2026, 5, 1)


@pytest.fixture(scope="module")
def model() -> ModuleType:
    """The dbt model, as dbt loads it: from its file."""
    path = DBT_PROJECT_DIR / "models" / "intermediate" / "governance" / "int_budget_forecasts.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def _costs(days: int, changed: dict[int, str] | None = None) -> pa.Table:
    rows = [
        {
            "budget_key": budget,
            "charge_date": FIRST + timedelta(day),
            "cost": Decimal((changed or {}).get(day, f"{base + 10 * (day % 7)}.5")),
            "first_cost_date": FIRST,
        }
        for budget, base in (("a", 100), ("b", 900))
        for day in range(days)
    ]
    return pa.Table.from_pylist(rows)


@pytest.mark.parametrize(
    ("days", "changed"), [(101, None), (100, None), (140, {60: "5000"}), (90, None), (103, {0: "1"})]
)
def test_the_next_run_says_what_a_run_from_nothing_says(
    model: ModuleType, days: int, changed: dict[int, str] | None
) -> None:
    kept = duckdb.connect()
    model.forecasts(kept, _costs(100), anew=False)
    whole = model.forecasts(duckdb.connect(), _costs(days, changed), anew=True)
    assert whole.num_rows == 2 * (days - model.DAYS_OF_HISTORY + 1)
    assert model.forecasts(kept, _costs(days, changed), anew=False) == whole


def _restless_costs(days: int, restated: dict[int, str]) -> pa.Table:
    """Noise, weekends, a monthly fee, two launches, a break: all that a forecast looks back for."""
    draw = random.Random(7)
    rows = []
    for budget, begins in (("a", 0), ("b", 500)):
        for day in range(days):
            date_ = FIRST + timedelta(day)
            cost = (100 + draw.randrange(60)) * (0.4 if day % 7 > 4 else 1) + 900 * (date_.day == 3)
            cost = 0 if day < begins or 600 <= day < 660 else round(cost, 2)
            rows.append(
                {
                    "budget_key": budget,
                    "charge_date": date_,
                    "cost": Decimal(restated.get(day, str(cost))),
                    "first_cost_date": FIRST if budget == "a" else FIRST + timedelta(20),
                }
            )
    return pa.Table.from_pylist([row for row in rows if row["charge_date"] >= row["first_cost_date"]])


def test_years_of_history_are_forecast_as_if_all_of_it_were_looked_at(model: ModuleType) -> None:
    kept = duckdb.connect()
    restated: dict[int, str] = {}
    draw = random.Random(11)
    for days in (880, 899, 900, 901, 902):
        costs = _restless_costs(days, restated)
        said = model.forecasts(kept, costs, anew=False)
        if days == 880:
            restated = {draw.randrange(days): str(draw.randrange(2000)) for _ in range(3)}
    whole = duckdb.connect()
    whole.register("said", said)
    whole.register("costs", costs)
    whole.execute(
        "create table daily_costs as select budget_key as series_id, charge_date, cost::double as cost from costs"
    )
    whole.execute(
        "create table forecast_origins as select budget_key as series_id, as_of from said where as_of > $since",
        {"since": FIRST + timedelta(800)},
    )
    differing = whole.execute(
        f"""select said.*, f.forecast_cost - f.known_cost from ({FORECAST_SQL}) as f
        inner join said on said.budget_key = f.series_id and said.as_of = f.as_of
        where said.rest_of_month <> round(f.forecast_cost - f.known_cost, 6)::decimal(38, 2)"""
    ).fetchall()
    assert not differing
    cents = whole.execute("select bool_and(rest_of_month % 0.01 = 0 and half_width % 0.01 = 0) from said").fetchone()
    assert cents == (True,)
    assert whole.execute("select count(*) from forecast_origins").fetchone() == (2 * 101,)


def test_half_a_cent_is_rounded_alike_from_whatever_day_on(model: ModuleType) -> None:
    fee = [
        {"budget_key": "a", "charge_date": FIRST + timedelta(day), "cost": Decimal("33.435"), "first_cost_date": FIRST}
        for day in range(600)
    ]
    for threads in (1, 2):
        kept, whole = (duckdb.connect(config={"threads": threads}) for _ in range(2))
        for days in (560, 580, 600):
            said = model.forecasts(kept, pa.Table.from_pylist(fee[:days]), anew=False)
        assert said == model.forecasts(whole, pa.Table.from_pylist(fee), anew=True)


def test_a_restatement_reaches_no_further_than_a_forecast_looks_back(model: ModuleType) -> None:
    connection = duckdb.connect()
    model.forecasts(connection, _costs(600), anew=False)
    connection.execute(f"update {model.MADE} set rest_of_month = -1")
    again = model.forecasts(connection, _costs(600, {100: "5000"}), anew=False).to_pylist()
    new = [row["as_of"] for row in again if row["rest_of_month"] != -1]
    assert (min(new), max(new)) == (FIRST + timedelta(100), FIRST + timedelta(100 + model.DAYS_SEEN))


def test_only_days_with_another_past_are_forecast_again(model: ModuleType) -> None:
    connection = duckdb.connect()
    model.forecasts(connection, _costs(100), anew=False)
    connection.execute(f"update {model.MADE} set rest_of_month = -1")
    again = model.forecasts(connection, _costs(101, {70: "5000"}), anew=False).to_pylist()
    kept = {row["as_of"] for row in again if row["rest_of_month"] == -1}
    assert max(kept) == FIRST + timedelta(69)
    assert min(row["as_of"] for row in again if row["rest_of_month"] != -1) == FIRST + timedelta(70)
    anew = model.forecasts(connection, _costs(101, {70: "5000"}), anew=True).to_pylist()
    assert not [row for row in anew if row["rest_of_month"] == -1]


def test_forecasts_of_budgets_that_are_gone_go_with_them(model: ModuleType) -> None:
    costs = _costs(60)
    with duckdb.connect() as connection:
        assert model.forecasts(connection, costs, anew=False).num_rows
        assert model.forecasts(connection, costs.slice(0, 0), anew=False).num_rows == 0
