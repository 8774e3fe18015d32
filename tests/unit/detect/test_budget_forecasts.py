"""Budgets' forecasts of days whose past is what it was are kept, and nothing tells."""

import importlib.util
from datetime import date, timedelta
from decimal import Decimal
from types import ModuleType

import duckdb
import pyarrow as pa
import pytest

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
