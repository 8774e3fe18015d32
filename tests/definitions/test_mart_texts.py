"""The marts speak for themselves: every column described with its unit, contracts in force, metrics on their page."""

import json
import re
from typing import Any

import pytest

from finops_pipeline.metrics_page import METRICS_PAGE, metrics_of, render_page
from finops_pipeline.resources.dbt import current_manifest

MANIFEST: dict[str, Any] = json.loads(current_manifest().read_text(encoding="utf-8"))
MARTS = {
    node["name"]: node
    for node in MANIFEST["nodes"].values()
    if node["resource_type"] == "model" and node["original_file_path"].startswith("models/marts/")
}
UNIT_ECONOMICS = {
    name: node
    for name, node in MARTS.items()
    if node["original_file_path"].startswith(("models/marts/unit_economics/", "models/marts/governance/"))
}
AMOUNTS = re.compile(r"(^|_)(cost|saving_at_most|revenue|margin|effect)$")


@pytest.mark.parametrize("mart", MARTS)
def test_every_column_of_a_mart_is_described(mart: str) -> None:
    columns = MARTS[mart]["columns"]
    assert columns
    assert [name for name, column in columns.items() if not column["description"].strip()] == []


@pytest.mark.parametrize("mart", UNIT_ECONOMICS)
def test_unit_costs_have_an_enforced_contract_and_say_what_one_row_is(mart: str) -> None:
    node = UNIT_ECONOMICS[mart]
    assert node["config"]["contract"]["enforced"]
    assert node["description"].startswith("One row per ")


@pytest.mark.parametrize("mart", UNIT_ECONOMICS)
def test_every_amount_names_its_currency(mart: str) -> None:
    columns = UNIT_ECONOMICS[mart]["columns"]
    ratios = {name for name, metric in metrics_of(UNIT_ECONOMICS[mart]).items() if metric["unit"] == "ratio"}
    amounts = {name for name in columns if AMOUNTS.search(name)} - ratios
    assert [name for name in sorted(amounts) if "currency" not in columns[name]["description"]] == []


@pytest.mark.parametrize("mart", UNIT_ECONOMICS)
def test_every_unit_cost_has_a_formula_a_unit_and_an_owner(mart: str) -> None:
    node = UNIT_ECONOMICS[mart]
    ratios = {name for name in node["columns"] if re.search(r"(^|_)per_|^unit_cost$|utilization$|^return_on", name)}
    assert ratios - {"alternative_cost_per_1k_inferences"} <= metrics_of(node).keys()
    assert all(all(metric.values()) for metric in metrics_of(node).values())


def test_every_mart_of_costs_is_read_by_an_exposure() -> None:
    read = {
        node.split(".")[-1] for exposure in MANIFEST["exposures"].values() for node in exposure["depends_on"]["nodes"]
    }
    assert set(UNIT_ECONOMICS) <= read


def test_the_metrics_page_says_what_the_yaml_says() -> None:
    message = "run `python -m finops_pipeline.metrics_page`"
    assert METRICS_PAGE.read_text(encoding="utf-8") == render_page(current_manifest()), message


def test_about_a_dozen_metrics_stand_on_columns_that_their_mart_has() -> None:
    assert len(MANIFEST["metrics"]) >= 12
    for semantic in MANIFEST["semantic_models"].values():
        [mart] = [name for name in MARTS if semantic["depends_on"]["nodes"] == [f"model.finops.{name}"]]
        columns = set(MARTS[mart]["columns"])
        assert {dimension["name"] for dimension in semantic["dimensions"]} <= columns
        words = {word for measure in semantic["measures"] for word in re.findall(r"[a-z]\w*_\w+", measure["expr"])}
        assert words <= columns, words - columns
