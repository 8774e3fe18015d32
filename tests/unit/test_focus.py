"""The one place that says what FOCUS is agrees with the specification's own model, and the lookups with it."""

import csv
import json
from pathlib import Path

from finops_pipeline import focus
from finops_pipeline.settings import DBT_PROJECT_DIR


def test_focus_has_65_columns_by_name() -> None:
    names = [column.name for column in focus.COST_AND_USAGE]
    assert len(names) == 65
    assert names == sorted(set(names))


def test_the_columns_are_those_of_the_published_model(reference_data: Path) -> None:
    model = json.loads((reference_data / "focus/focus_models/focus_1_4_model.json").read_text(encoding="utf-8"))
    published = model["datasets"]["Cost and Usage"]["columns"]
    assert model["focus_version"].startswith(focus.FOCUS_VERSION)
    assert {column.name: column[1:] for column in focus.COST_AND_USAGE} == {
        name: (facts["data_type"], facts["allows_nulls"], facts["feature_level"], facts["version"])
        for name, facts in published.items()
    }
    closed = {name: tuple(facts["allowed_values"]) for name, facts in published.items() if facts["allowed_values"]}
    assert set(closed.pop("ServiceSubcategory")) == set(focus.SERVICE_CATEGORY_OF)
    assert closed == focus.ALLOWED_VALUES


def test_a_focus_name_has_one_spelling_inside_the_models() -> None:
    assert focus.snake_case("SubAccountId") == "sub_account_id"
    assert focus.snake_case("SkuPriceDetails") == "sku_price_details"
    assert len({focus.snake_case(column.name) for column in focus.COST_AND_USAGE}) == 65


def test_every_service_belongs_to_the_category_of_its_subcategory() -> None:
    with (DBT_PROJECT_DIR / "seeds" / "services.csv").open(encoding="utf-8", newline="") as file:
        services = list(csv.DictReader(file))
    offenders = [
        row for row in services if focus.SERVICE_CATEGORY_OF.get(row["service_subcategory"]) != row["service_category"]
    ]
    assert len(services) > 100
    assert offenders == []
