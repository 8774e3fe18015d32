"""What a bench has dbt build is whole: a model that the project has put before another is built too, or given."""

import json
import re
from collections.abc import Collection

import pytest

from benchmarks import ledger, ledger_month, normalize
from finops_pipeline.resources.dbt import current_manifest


@pytest.fixture(scope="module")
def parents() -> dict[str, list[str]]:
    """The models and seeds that each model reads."""
    nodes = json.loads(current_manifest().read_text(encoding="utf-8"))["nodes"]
    return {
        node["name"]: [nodes[parent]["name"] for parent in node["depends_on"]["nodes"] if parent in nodes]
        for node in nodes.values()
        if node["resource_type"] == "model"
    }


@pytest.fixture(scope="module")
def folders() -> dict[str, list[str]]:
    """The models of each folder and of the folders in it, as `path:` selects them."""
    nodes = json.loads(current_manifest().read_text(encoding="utf-8"))["nodes"]
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        parts = node["original_file_path"].split("/")[:-1]
        for depth in range(1, len(parts) + 1) if node["resource_type"] == "model" else ():
            found.setdefault("/".join(parts[:depth]), []).append(node["name"])
    return found


def missing(parents: dict[str, list[str]], built: Collection[str], given: str = "") -> list[str]:
    """What the models that are built read and nobody makes."""
    return sorted(
        f"{parent}, read by {model}"
        for model in built
        for parent in parents[model]
        if parent not in built and not re.fullmatch(given, parent)
    )


def test_a_model_that_nobody_builds_is_found():
    read = {"b": ["a", "seed"], "c": ["b"]}
    assert missing(read, ["b", "c"], "seed|d") == ["a, read by b"]


def test_the_ledgers_bench_builds_or_brings_all_that_the_ledger_reads(parents, folders):
    built = {
        model
        for selected in ledger.BUILT
        for model in (folders[selected.removeprefix("path:")] if selected.startswith("path:") else [selected])
    }
    assert missing(parents, built - set(ledger.NOT_BUILT), ledger_month.GIVEN) == []


def test_the_normalizations_bench_has_all_that_the_mapping_reads(parents):
    built = {*normalize.STAGED, *normalize.MAPPED, normalize.MAPPING}
    assert missing(parents, built, "|".join(normalize.NOT_READ)) == []
