"""A model that asks which months a run makes, or maps, stands behind the model that answers.

dbt learns what a model depends on while it parses: a question in a loop over rules, of which there are none then, is
not seen. The model is then built by the answer of the run before.
"""

import json
import re
from collections.abc import Iterable

import pytest

from finops_pipeline.resources.dbt import current_manifest

ANSWERS = {"months_to_make": "int_months_to_make", "months_to_map": "int_delivered_months"}


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads(current_manifest().read_text(encoding="utf-8"))


def macros_reached(text: str, macros: dict[str, str]) -> set[str]:
    """The macros that a text calls, and those that they call: whatever branch the call is in."""
    reached: set[str] = set()
    unread = [text]
    while unread:
        called = set(re.findall(r"\b(\w+)\s*\(", unread.pop())) & macros.keys() - reached
        reached |= called
        unread += [macros[name] for name in called]
    return reached


def ancestors(models: dict[str, dict], unique_id: str) -> set[str]:
    found: set[str] = set()
    unseen: Iterable[str] = [unique_id]
    while unseen:
        parents = {parent for child in unseen for parent in models[child]["depends_on"]["nodes"] if parent in models}
        unseen = parents - found
        found |= parents
    return {models[parent]["name"] for parent in found}


@pytest.mark.parametrize(("macro", "answer"), ANSWERS.items())
def test_models_that_ask_for_months_are_built_behind_the_answer(manifest, macro, answer):
    macros = {
        node["name"]: node["macro_sql"] for node in manifest["macros"].values() if node["package_name"] == "finops"
    }
    models = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    asking = {
        name
        for name, node in models.items()
        if macro in macros_reached(node["raw_code"], macros)
        or (
            node["config"]["materialized"] == "kept_months"
            and (node["config"]["kept_by"] == "delivery") == (macro == "months_to_map")
        )
    }
    assert len(asking) > 5
    assert {models[name]["name"] for name in asking if answer not in ancestors(models, name)} == set()
